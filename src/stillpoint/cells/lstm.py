"""The long short-term memory cell, with or without a projection, state [h, c]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .._core.arrays import diagonal_matrices, minus_identity, namespace
from ..dynamics import Batch, Inputs, Linear, Matrices, RootProblem, less_identity
from ..dynamics.activations import sigmoid
from ..errors import ArgumentError
from ..intervals import Interval
from .base import Cell, ScaledRows, check_axes, check_weights, gate_blocks

Output = Float[Any, "n p"]
Memory = Float[Any, "n k"]


class _Evaluation(NamedTuple):
    """The gates at one batch of states, and the memory before and after the step."""

    i: Memory
    f: Memory
    g: Memory
    o: Memory
    not_f: Memory  # 1 - f without cancellation
    c: Memory
    new_c: Memory
    tanh_c: Memory  # of the new memory

    def memory_rows(self, weights: Any) -> ScaledRows:
        """Return the derivative of c' in what `weights` read."""
        w_i, w_f, w_g, _ = gate_blocks(weights, 4)
        return ScaledRows(
            [
                (self.g * self.i * (1 - self.i), w_i),
                (self.c * self.f * self.not_f, w_f),
                (self.i * (1 - self.g * self.g), w_g),
            ]
        )

    def output_rows(self, weights: Any, memory_rows: ScaledRows) -> ScaledRows:
        """Return the derivative of o tanh(c') in what `weights` read, given that of c'."""
        w_o = gate_blocks(weights, 4)[3]
        through_output = self.tanh_c * self.o * (1 - self.o)
        return memory_rows.scaled(self.through_memory).plus((through_output, w_o))

    @property
    def through_memory(self) -> Memory:
        """d(o tanh(c')) / dc', a diagonal."""
        return self.o * (1 - self.tanh_c * self.tanh_c)


@dataclass(frozen=True, eq=False)
class LSTMCell(Cell):
    """c' = f c + i g, h' = P (o tanh(c')), Hochreiter and Schmidhuber (1997).

    The state is [h, c] in this order. i, f, o are sigmoids and g is the tanh of W h + B u + b.

    Parameters
    ----------
    W
        Recurrent weights of i, f, g, o stacked, shape (4 k, p).
    B
        Input weights of i, f, g, o stacked, shape (4 k, m).
    b
        Biases of i, f, g, o stacked, shape (4 k,).
    P
        Projection of the output (Sak et al. 2014), shape (p, k), or None where h = o tanh(c).

    Raises
    ------
    ArgumentError
        If shapes do not fit or a weight is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> cell = LSTMCell(np.zeros((4, 1)), np.zeros((4, 0)), np.zeros(4))
    >>> cell.step(np.array([[0.0, 2.0]]), np.zeros((1, 0))).round(4)  # h' = tanh(c/2)/2, c' = c/2
    array([[0.3808, 1.    ]])
    """

    W: Float[Any, "g p"]
    B: Float[Any, "g m"]
    b: Float[Any, " g"]
    P: Float[Any, "p k"] | None = None

    def __post_init__(self) -> None:
        check_axes(self, W=2, B=2, b=1)
        if self.P is not None:
            check_axes(self, P=2)
        k, p, m = self.cell_size, self.output_size, self.input_size
        if self.b.shape[0] != 4 * k:
            raise ArgumentError(
                f"b of LSTMCell: got shape {tuple(self.b.shape)}, but a multiple of 4 is wanted: "
                f"the biases of i, f, g, o stacked."
            )
        projection = {} if self.P is None else {"P": (p, k)}
        check_weights(self, W=(4 * k, p), B=(4 * k, m), b=(4 * k,), **projection)

    @property
    def cell_size(self) -> int:
        """The number of memory cells k."""
        return self.b.shape[0] // 4

    @property
    def output_size(self) -> int:
        """The size p of h."""
        return self.cell_size if self.P is None else self.P.shape[0]

    @property
    def state_size(self) -> int:
        return self.output_size + self.cell_size

    @property
    def parts(self) -> Mapping[str, range]:
        return {"h": range(self.output_size), "c": range(self.output_size, self.state_size)}

    @property
    def maps_ball_into_itself(self) -> bool:
        return True

    def step(self, x: Batch, u: Inputs) -> Batch:
        h, c = self._split(x)
        at = self._evaluate(h, u, c)
        return namespace(x).concat([self.project(at.o * at.tanh_c), at.new_c], axis=1)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        concat = namespace(x).concat
        at, memory, output = self._derivatives(x, u, self.W)
        output_in_c = diagonal_matrices(at.through_memory * at.f)
        top = [self._project_rows(output.matrix()), self._project_rows(output_in_c)]
        bottom = [memory.matrix(), diagonal_matrices(at.f)]
        return concat([concat(top, axis=2), concat(bottom, axis=2)], axis=1)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        _, memory, output = self._derivatives(x, u, self.B)
        return namespace(x).concat([self._project_rows(output.matrix()), memory.matrix()], axis=1)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        at, memory, output = self._derivatives(x, u, self.W)

        def pushed(v: Batch) -> Batch:
            v_h, v_c = self._split(v)
            moved = self.project(output.times(v_h) + at.through_memory * at.f * v_c)
            return namespace(v).concat([moved, memory.times(v_h) + at.f * v_c], axis=1)

        return pushed

    def input_differential(self, x: Batch, u: Inputs) -> Linear:
        _, memory, output = self._derivatives(x, u, self.B)
        return lambda w: namespace(w).concat(
            [self.project(output.times(w)), memory.times(w)], axis=1
        )

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        w_h, w_c = self._split(w)
        w_h = w_h if self.P is None else w_h @ self.P
        at, memory, output = self._derivatives(x, u, self.W)
        pulled = output.transposed_times(w_h) + memory.transposed_times(w_c)
        return namespace(x).concat([pulled, at.f * (at.through_memory * w_h + w_c)], axis=1)

    def equilibrium_box(self) -> Interval:
        hidden = Interval(np.zeros((1, self.cell_size)), np.ones((1, self.cell_size)))
        return self.project(hidden)[0]  # o tanh(c) lies between -1 and 1

    def equilibrium_problem(self) -> RootProblem:
        return LSTMEquilibrium(self)

    def project(self, hidden: Memory) -> Output:
        """Return P times `hidden`, or `hidden` itself where there is no projection."""
        return hidden if self.P is None else hidden @ self.P.T

    def resting_memory(self, h: Output, u: Inputs) -> Memory:
        """Return c = i g / (1 - f), where the memory stands still under a constant h."""
        return self._evaluate(h, u).c

    def resting_output(self, h: Output, u: Inputs) -> Output:
        """Return P (o tanh(c)) at the resting memory."""
        at = self._evaluate(h, u)
        return self.project(at.o * at.tanh_c)

    def resting_output_jacobian(
        self, h: Output, u: Inputs, weights: Float[Any, "g j"]
    ) -> Float[Any, "n p j"]:
        """Return the Jacobian of `resting_output` in what `weights` read: W for h, B for u."""
        return self._project_rows(self._resting_rows(h, u, weights).matrix())

    def resting_output_differential(
        self, h: Output, u: Inputs, weights: Float[Any, "g j"]
    ) -> Linear:
        """Return `resting_output_jacobian` as a function of a vector."""
        rows = self._resting_rows(h, u, weights)
        return lambda v: self.project(rows.times(v))

    def _resting_rows(self, h: Output, u: Inputs, weights: Float[Any, "g j"]) -> ScaledRows:
        """Return the derivative of o tanh(c) at the resting memory in what `weights` read."""
        at = self._evaluate(h, u)
        # At rest, the derivative of c is that of one step with the leak 1 - f divided out.
        memory = at.memory_rows(weights).scaled(1 / at.not_f)
        return at.output_rows(weights, memory)

    def _split(self, x: Batch) -> tuple[Output, Memory]:
        return x[:, : self.output_size], x[:, self.output_size :]

    def _evaluate(self, h: Output, u: Inputs, c: Memory | None = None) -> _Evaluation:
        """Return the gates and the memory after a step; where c is left out, it stands still."""
        k, tanh = self.cell_size, namespace(h).tanh
        drive = h @ self.W.T + u @ self.B.T + self.b
        i, f, g, o = (drive[:, gate * k : (gate + 1) * k] for gate in range(4))
        i, f, g, o, not_f = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o), sigmoid(-f)
        if c is None:
            c = new_c = i * g / not_f
        else:
            new_c = f * c + i * g
        return _Evaluation(i, f, g, o, not_f, c, new_c, tanh(new_c))

    def _derivatives(
        self, x: Batch, u: Inputs, weights: Float[Any, "g j"]
    ) -> tuple[_Evaluation, ScaledRows, ScaledRows]:
        """Return the gates, and the derivatives of c' and o tanh(c') in what `weights` read."""
        h, c = self._split(x)
        at = self._evaluate(h, u, c)
        memory = at.memory_rows(weights)
        return at, memory, at.output_rows(weights, memory)

    def _project_rows(self, matrices: Float[Any, "n k j"]) -> Float[Any, "n p j"]:
        return matrices if self.P is None else namespace(matrices).matmul(self.P, matrices)


@dataclass(frozen=True)
class LSTMEquilibrium(RootProblem):
    """P (o tanh(c)) - h = 0 with c = i g / (1 - f): the fixed points in h alone."""

    cell: LSTMCell

    def coordinates(self, x: Batch, u: Inputs) -> Output:  # noqa: ARG002
        return x[:, : self.cell.output_size]

    def state(self, y: Output, u: Inputs) -> Batch:
        return namespace(y).concat([y, self.cell.resting_memory(y, u)], axis=1)

    def residual(self, y: Output, u: Inputs) -> Output:
        return self.cell.resting_output(y, u) - y

    def jacobian(self, y: Output, u: Inputs) -> Float[Any, "n p p"]:
        return minus_identity(self.cell.resting_output_jacobian(y, u, self.cell.W))

    def input_jacobian(self, y: Output, u: Inputs) -> Float[Any, "n p m"]:
        return self.cell.resting_output_jacobian(y, u, self.cell.B)

    def differential(self, y: Output, u: Inputs) -> Linear:
        return less_identity(self.cell.resting_output_differential(y, u, self.cell.W))

    def input_differential(self, y: Output, u: Inputs) -> Linear:
        return self.cell.resting_output_differential(y, u, self.cell.B)
