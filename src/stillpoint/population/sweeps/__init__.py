"""Many networks: one verb on all of them, wherever they are worked on, with files to go on from."""

from .record import Sweep
from .rows import SweepStatus
from .sweep import sweep
from .verbs import public_verb

__all__ = ["Sweep", "SweepStatus", "public_verb", "sweep"]
