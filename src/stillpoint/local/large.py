"""The linearisation of large networks: no Jacobian is kept, and not all eigenvalues are sought."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .._core.arrays import host
from ..system import System
from .leading import leading_modes
from .linearization import Linearization, relative_error


@np.errstate(all="ignore")
def linearize_large(
    system: System, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Linearization:
    """Return the linearisation at rows of states and inputs, by its leading eigenvalues.

    Examples
    --------
    >>> import stillpoint as sp
    >>> from stillpoint.cells import VanillaCell
    >>> cell = VanillaCell(np.diag([2.0, 0.5, 0.25]), np.zeros((3, 0)), np.zeros(3))
    >>> lin = linearize_large(sp.as_system(cell), np.zeros((1, 3)), np.zeros((1, 0)))
    >>> lin.n_unstable.tolist(), lin.matrices is None
    ([1], True)
    """
    dynamics, other = system.dynamics.differentiated_sharply()
    asarray = dynamics.arrays.asarray
    value = host(dynamics.step(asarray(x), asarray(u)))
    size, error = np.zeros(len(x)), np.zeros(len(x))
    input_jacobian = np.empty((*x.shape, u.shape[1]))
    for k in range(len(x)):  # one at a time
        here = asarray(x[k : k + 1]), asarray(u[k : k + 1])
        input_jacobian[k] = host(dynamics.input_jacobian(*here))[0]
        jacobian = host(dynamics.jacobian(*here))
        change = None if other is None else host(other.jacobian(*here)) - jacobian
        size[k] = np.linalg.norm(jacobian)
        error[k] = relative_error(dynamics, x[k : k + 1], u[k : k + 1], jacobian, change)[0]
    leading = leading_modes(dynamics, x, u, error, size)
    lin = Linearization(x, u, value, input_jacobian, error, system.info, leading=leading)
    vars(lin)["_source"] = dynamics
    return lin
