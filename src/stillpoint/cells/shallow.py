"""A hidden layer beside a linear part: x' = A x + W1 phi(W2 x + B2 u + c) + B u + b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import ArrayKind, host, identity_like, namespace
from .._core.validation import check_option, read_floats
from ..dynamics import (
    Batch,
    HiddenForm,
    Inputs,
    Linear,
    Matrices,
    PiecewiseLinear,
    activation,
    offset,
)
from ..dynamics.activations import ACTIVATIONS, PIECEWISE_LINEAR
from ..dynamics.trapping import grows_no_faster
from ..errors import ArgumentError
from ..intervals import Interval
from .base import Cell, check_axes, check_weights


@dataclass(frozen=True, eq=False)
class ShallowCell(Cell):
    """x' = A x + W1 phi(W2 x + B2 u + c) + B u + b: the shallow PLRNN if phi is relu, A diagonal.

    The form is that of Hess, Monfared, Brenner and Durstewitz (2023). What is known under other
    names is one: the piecewise-linear RNN of Durstewitz (2017) (`plrnn`), its dendritic extension
    (`dendritic`), and the shallow one with clipped units (`clipped`). With any matrix A it is every
    step with one hidden layer, so also a network of leaky, clipped or absolute units.

    Parameters
    ----------
    A
        The linear part: its diagonal, shape (d,), or a matrix, (d, d), of any size.
    W1
        Weights of the hidden layer on the state, shape (d, h), rows = to.
    W2
        Weights of the state on the hidden layer, shape (h, d).
    B
        Input weights, shape (d, m).
    b
        Bias of the state, shape (d,).
    c
        Bias of the hidden layer, shape (h,).
    phi
        Name of the activation.
    B2
        Input weights of the hidden layer, shape (h, m); None for zeros.

    Raises
    ------
    ArgumentError
        If shapes do not fit, a weight is not finite, or `phi` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1))
    >>> cell = ShallowCell(np.array([0.5]), -one, one, np.zeros((1, 0)), np.ones(1), np.zeros(1))
    >>> cell.step(np.array([[2.0]]), np.zeros((1, 0)))
    array([[0.]])
    """

    A: Float[Any, " d"] | Float[Any, "d d"]
    W1: Float[Any, "d h"]
    W2: Float[Any, "h d"]
    B: Float[Any, "d m"]
    b: Float[Any, " d"]
    c: Float[Any, " h"]
    phi: str = "relu"
    B2: Any = None  # (h, m)

    def __post_init__(self) -> None:
        axes = 2 if getattr(self.A, "ndim", 1) == 2 else 1
        check_axes(self, A=axes, W1=2, W2=2, B=2, b=1, c=1)
        check_option("phi", self.phi, ACTIVATIONS)
        d, h, m = self.state_size, self.c.shape[0], self.input_size
        shapes = {"b": (d,), "A": (d,) * axes, "W1": (d, h), "W2": (h, d), "B": (d, m), "c": (h,)}
        check_weights(self, **shapes)
        if self.B2 is None:
            object.__setattr__(self, "B2", 0 * self.c[:, None] * self.B[:1])
        check_axes(self, B2=2)
        check_weights(self, b=(d,), B2=(h, m))

    @classmethod
    def plrnn(cls, A: Any, W: Any, B: Any, b: Any, phi: str = "relu") -> ShallowCell:
        """Return x' = A x + W phi(x) + B u + b, the PLRNN of Durstewitz (2017).

        Parameters
        ----------
        A
            The diagonal, shape (d,), or a diagonal matrix, (d, d).
        W, B, b
            Shapes (d, d), (d, m) and (d,).
        phi
            Name of the activation.

        Raises
        ------
        ArgumentError
            If shapes do not fit, or A is no diagonal.

        Examples
        --------
        >>> import numpy as np
        >>> none = np.zeros((1, 0))
        >>> cell = ShallowCell.plrnn(np.array([0.5]), -np.ones((1, 1)), none, np.ones(1))
        >>> cell.step(np.array([[2.0], [-2.0]]), np.zeros((2, 0))).ravel()
        array([0., 0.])
        """
        weights = read_floats("W", W)
        d = weights.shape[-1] if weights.ndim else 0
        return cls(_diagonal(A), weights, np.eye(d), *_plain(B, b), np.zeros(d), phi)

    @classmethod
    def dendritic(
        cls, A: Any, W: Any, B: Any, b: Any, slopes: Any, thresholds: Any, phi: str = "relu"
    ) -> ShallowCell:
        """Return x' = A x + W sum_k a_k phi(x - t_k) + B u + b (Brenner et al. 2022).

        Parameters
        ----------
        A, W, B, b, phi
            As for `plrnn`.
        slopes
            a_k of every branch, shape (k,).
        thresholds
            t_k, shape (k, d).

        Raises
        ------
        ArgumentError
            If shapes do not fit, or A is no diagonal.

        Examples
        --------
        >>> import numpy as np
        >>> one, none = np.ones((1, 1)), np.zeros((1, 0))
        >>> cell = ShallowCell.dendritic([0.0], one, none, [0.0], [1.0, -1.0], [[0.0], [1.0]])
        >>> cell.step(np.array([[0.5], [2.0]]), np.zeros((2, 0))).ravel()
        array([0.5, 1. ])
        """
        weights, a, t = (
            read_floats(name, value)
            for name, value in (("W", W), ("slopes", slopes), ("thresholds", thresholds))
        )
        d = weights.shape[-1] if weights.ndim else 0
        if a.ndim != 1 or not len(a) or t.shape != (len(a), d):
            raise ArgumentError(
                f"slopes, thresholds: got shapes {a.shape} and {t.shape}, but (k,) and (k, {d}) "
                f"are wanted: one row of thresholds for each branch."
            )
        branches = np.hstack([slope * weights for slope in a])
        unit = np.tile(np.eye(d), (len(a), 1))
        return cls(_diagonal(A), branches, unit, *_plain(B, b), -t.ravel(), phi)

    @classmethod
    def clipped(cls, A: Any, W1: Any, W2: Any, B: Any, b: Any, c: Any) -> ShallowCell:
        """Return x' = A x + W1 (relu(W2 x + c) - relu(W2 x)) + B u + b (Hess et al. 2023).

        Its hidden units are bounded, so that every orbit is where all ``|A_i| < 1``.

        Parameters
        ----------
        A, B, b
            As for `plrnn`.
        W1, W2, c
            Shapes (d, h), (h, d) and (h,).

        Raises
        ------
        ArgumentError
            If shapes do not fit, or A is no diagonal.

        Examples
        --------
        >>> import numpy as np
        >>> one, none = np.ones((1, 1)), np.zeros((1, 0))
        >>> cell = ShallowCell.clipped([0.5], one, one, none, [0.0], [1.0])
        >>> cell.step(np.array([[4.0], [-4.0]]), np.zeros((2, 0))).ravel()
        array([ 3., -2.])
        """
        to, of, bias = (read_floats(n, v) for n, v in (("W1", W1), ("W2", W2), ("c", c)))
        if to.ndim != 2 or of.ndim != 2 or bias.ndim != 1:
            raise ArgumentError(
                f"W1, W2, c: got shapes {to.shape}, {of.shape} and {bias.shape}, but (d, h), "
                f"(h, d) and (h,) are wanted."
            )
        both = np.hstack([to, -to]), np.vstack([of, of])
        return cls(_diagonal(A), *both, *_plain(B, b), np.concatenate([bias, 0 * bias]))

    @property
    def state_size(self) -> int:
        return self.b.shape[0]

    @property
    def arrays(self) -> ArrayKind:
        return ArrayKind.of(self.b)

    @property
    def maps_ball_into_itself(self) -> bool:
        A, W1, W2 = map(_exact, (self.A, self.W1, self.W2))
        stays = activation(self.phi).bounded or self._is_clipped
        return grows_no_faster(A, 0 * W1 if stays else W1, W2)

    @property
    def _is_clipped(self) -> bool:
        """Whether hidden units come in pairs that are driven and act alike, with opposite signs."""
        W1, W2 = _exact(self.W1), _exact(self.W2)
        half = len(W2) // 2
        return (
            self.phi in ("relu", "softplus")
            and 2 * half == len(W2)
            and np.array_equal(W2[:half], W2[half:])
            and np.array_equal(_exact(self.B2)[:half], _exact(self.B2)[half:])
            and np.array_equal(W1[:, :half], -W1[:, half:])
        )

    def step(self, x: Batch, u: Inputs) -> Batch:
        hidden = activation(self.phi).value(self._drive(x, u))
        return self._linear(x) + hidden @ self.W1.T + u @ self.B.T + self.b

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        through = namespace(x).matmul(self.W1 * self._slope(x, u)[:, None, :], self.W2)
        return through + self._matrix

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return namespace(x).matmul(self.W1 * self._slope(x, u)[:, None, :], self.B2) + self.B

    def differential(self, x: Batch, u: Inputs) -> Linear:
        slope = self._slope(x, u)
        return lambda v: self._linear(v) + (slope * (v @ self.W2.T)) @ self.W1.T

    def input_differential(self, x: Batch, u: Inputs) -> Linear:
        slope = self._slope(x, u)
        return lambda w: w @ self.B.T + (slope * (w @ self.B2.T)) @ self.W1.T

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        back = self.A * w if self.A.ndim == 1 else w @ self.A
        return back + (self._slope(x, u) * (w @ self.W1)) @ self.W2

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        phi, drive = activation(self.phi), self._drive(x, u)
        bend = (w @ self.W1) * phi.bend(drive, phi.value(drive))
        return namespace(x).matmul(self.W2.T, bend[:, :, None] * self.W2)

    def piecewise_linear(self) -> PiecewiseLinear | None:
        if self.phi not in PIECEWISE_LINEAR:
            return None
        W1, W2, B, b, c, B2 = map(host, (self.W1, self.W2, self.B, self.b, self.c, self.B2))
        pull = host(self._matrix) - np.eye(len(b))
        if self.phi == "relu":
            return PiecewiseLinear(W1, W2, B2, c, pull, B, b)
        return PiecewiseLinear.without_kinks(W1 @ W2 + pull, W1 @ B2 + B, W1 @ c + b)

    def hidden_form(self, u: Interval) -> HiddenForm:
        k, constant = offset(u, self.B2, self.c), offset(u, self.B, self.b)
        pull = self._matrix - np.eye(self.state_size)
        return HiddenForm(self.W1.mid, self.W2.mid, k, pull, constant, self.phi)

    def _drive(self, x: Batch, u: Inputs) -> Float[Any, "n h"]:
        return x @ self.W2.T + u @ self.B2.T + self.c

    def _slope(self, x: Batch, u: Inputs) -> Float[Any, "n h"]:
        phi, drive = activation(self.phi), self._drive(x, u)
        return phi.slope(drive, phi.value(drive))

    def _linear(self, x: Batch) -> Batch:
        return self.A * x if self.A.ndim == 1 else x @ self.A.T

    @property
    def _matrix(self) -> Float[Any, "d d"]:
        """A as a matrix."""
        A = self.A
        return A if A.ndim == 2 else A[:, None] * identity_like(A, self.state_size)


def _exact(weights: Any) -> np.ndarray:
    return weights.mid if isinstance(weights, Interval) else host(weights)


def _diagonal(A: Any) -> Float[np.ndarray, " d"]:
    """Return a diagonal that may have been given as a matrix."""
    values = read_floats("A", A)
    if values.ndim == 2 and values.shape[0] == values.shape[1]:
        if np.count_nonzero(values - np.diag(np.diag(values))):
            raise ArgumentError("A: it has entries off its diagonal; those belong to W.")
        return np.diag(values).copy()
    return values


def _plain(B: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    return read_floats("B", B), read_floats("b", b)
