"""BrainPy's `analysis.SlowPointFinder` by its names; the search is stillpoint's own.

Replace `bp.analysis.SlowPointFinder` by `stillpoint.compat.brainpy.SlowPointFinder`. Functions are
read without BrainPy, on JAX or NumPy arrays.
"""

from .finder import CONTINUOUS, DISCRETE, SlowPointFinder

__all__ = ["CONTINUOUS", "DISCRETE", "SlowPointFinder"]
