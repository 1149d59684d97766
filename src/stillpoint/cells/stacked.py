"""Several layers as one cell: each layer reads the new output of the layer below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from jaxtyping import Float

from .._core.arrays import ArrayKind, identity_like, namespace
from .._core.validation import check_sequence
from ..dynamics import Batch, Dynamics, Inputs, Linear, Matrices, RootProblem
from ..errors import ArgumentError
from ..intervals import Interval
from ..intervals.functions import concat


@dataclass(frozen=True, eq=False)
class StackedCell(Dynamics):
    """Layers on top of each other, as in a multi-layer `nn.RNN`, `nn.GRU` or `nn.LSTM`.

    The state is that of layer 0, then that of layer 1, and so on. The output of a layer is its
    part `h`, or its whole state where it has no parts.

    Parameters
    ----------
    layers
        Cells, bottom first; each must have as many inputs as the layer below has outputs.

    Raises
    ------
    ArgumentError
        If the sizes of two neighbours do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from stillpoint.cells import VanillaCell
    >>> layer = VanillaCell(np.eye(1), np.eye(1), np.zeros(1), phi="linear")
    >>> StackedCell([layer, layer]).step(np.array([[1.0, 10.0]]), np.array([[100.0]]))
    array([[101., 111.]])
    """

    layers: Sequence[Dynamics]

    def __post_init__(self) -> None:
        if not check_sequence("layers", self.layers, Dynamics, "a list of cells, bottom first,"):
            raise ArgumentError("layers: got none; a stack needs at least one cell.")
        for below, above in zip(self.layers, self.layers[1:], strict=False):
            outputs = len(_output_of(below))
            if above.input_size != outputs:
                raise ArgumentError(
                    f"layers: a layer with {above.input_size} inputs stands on one with "
                    f"{outputs} outputs; the two must be equal."
                )

    @property
    def state_size(self) -> int:
        return sum(layer.state_size for layer in self.layers)

    @property
    def input_size(self) -> int:
        return self.layers[0].input_size

    @property
    def arrays(self) -> ArrayKind:
        return self.layers[0].arrays

    @property
    def parts(self) -> Mapping[str, range]:
        named = {}
        for number, (layer, (start, stop)) in enumerate(zip(self.layers, self._spans, strict=True)):
            named[f"layer{number}"] = range(start, stop)
            for part, inside in layer.parts.items():
                named[f"layer{number}.{part}"] = range(inside.start + start, inside.stop + start)
        return named

    @property
    def maps_ball_into_itself(self) -> bool:
        return all(layer.maps_ball_into_itself for layer in self.layers)

    def weights(self) -> Iterable[Any] | None:
        listed = [layer.weights() for layer in self.layers]
        return None if None in listed else [array for arrays in listed for array in arrays or ()]

    def on_host(self) -> Dynamics:
        return StackedCell([layer.on_host() for layer in self.layers])

    def interval_extension(self) -> Dynamics | None:
        layers = [layer.interval_extension() for layer in self.layers]
        known = [layer for layer in layers if layer is not None]
        return StackedCell(known) if len(known) == len(layers) else None

    def step(self, x: Batch, u: Inputs) -> Batch:
        new = []
        for layer, state in zip(self.layers, self.states(x), strict=True):
            new.append(layer.step(state, u))
            u = _read(layer, new[-1])
        return namespace(x).concat(new, axis=1)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self._derivative(x, u)[:, :, : self.state_size]

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self._derivative(x, u)[:, :, self.state_size :]

    @property
    def is_matrix_free(self) -> bool:
        return all(layer.is_matrix_free for layer in self.layers)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        layers = self._differentials(x, u)

        def pushed(v: Batch) -> Batch:
            moved: list[Any] = []
            for (layer, in_state, in_inputs), own in zip(layers, self.states(v), strict=True):
                signal = in_inputs(moved[-1][1]) if moved else 0.0
                new = in_state(own) + signal
                moved.append((new, _read(layer, new)))
            return namespace(v).concat([new for new, _ in moved], axis=1)

        return pushed

    def input_differential(self, x: Batch, u: Inputs) -> Linear:
        layers = self._differentials(x, u)

        def pushed(w: Inputs) -> Batch:
            moved = []
            for layer, _, in_inputs in layers:
                moved.append(in_inputs(w))
                w = _read(layer, moved[-1])
            return namespace(w).concat(moved, axis=1)

        return pushed

    def _differentials(self, x: Batch, u: Inputs) -> list[tuple[Dynamics, Linear, Linear]]:
        """Return every layer with its derivatives in its state and in what it reads."""
        found = []
        for layer, state in zip(self.layers, self.states(x), strict=True):
            found.append((layer, layer.differential(state, u), layer.input_differential(state, u)))
            u = _read(layer, layer.step(state, u))
        return found

    @property
    def has_equilibrium_form(self) -> bool:
        return all(layer.has_equilibrium_form for layer in self.layers)

    def equilibrium_box(self) -> Interval | None:
        boxes = [layer.equilibrium_box() for layer in self.layers]
        known = [box for box in boxes if box is not None]
        return concat(known) if len(known) == len(boxes) else None

    def equilibrium_problem(self) -> RootProblem:
        if not self.has_equilibrium_form:
            return self.residual_problem()
        return StackedEquilibrium(self, [layer.output_problem() for layer in self.layers])

    def _derivative(self, x: Batch, u: Inputs) -> Float[Any, "n d d+m"]:
        """Return the derivative of the step in (x, u), by the chain rule from layer to layer."""
        xp = namespace(x)
        width = self.state_size + self.input_size
        column = xp.zeros_like(x)[:, :1, None]
        identity = identity_like(x, width)[self.state_size :, :]
        signal = column + identity  # derivative of what the present layer reads
        layers = []
        for layer, (start, stop) in zip(self.layers, self._spans, strict=True):
            state = x[:, start:stop]
            selection = identity_like(x, width)[start:stop, :]
            own = xp.matmul(layer.jacobian(state, u), selection)
            layers.append(own + xp.matmul(layer.input_jacobian(state, u), signal))
            signal = _read(layer, layers[-1])
            u = _read(layer, layer.step(state, u))
        return xp.concat(layers, axis=1)

    def states(self, x: Batch) -> list[Float[Any, "n _"]]:
        """Return the state of every layer."""
        return [x[:, start:stop] for start, stop in self._spans]

    @property
    def _spans(self) -> list[tuple[int, int]]:
        sizes = [layer.state_size for layer in self.layers]
        return [(end - size, end) for end, size in zip(accumulate(sizes), sizes, strict=True)]


@dataclass(frozen=True)
class StackedEquilibrium(RootProblem):
    """The equilibrium forms of all layers; at rest a layer reads the resting output below it.

    The unknowns are the outputs of the layers: h, or h without c for an LSTM.
    """

    cell: StackedCell
    forms: Sequence[RootProblem]

    def coordinates(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:  # noqa: ARG002
        pairs = zip(self.cell.layers, self.cell.states(x), strict=True)
        return namespace(x).concat([_read(layer, state) for layer, state in pairs], axis=1)

    def state(self, y: Float[Any, "n k"], u: Inputs) -> Batch:
        return namespace(y).concat([f.state(own, inp) for f, own, inp in self._at(y, u)], axis=1)

    def residual(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n k"]:
        return namespace(y).concat([f.residual(own, inp) for f, own, inp in self._at(y, u)], axis=1)

    def jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n k k"]:
        xp, rows, start, below = namespace(y), [], 0, 0
        empty = xp.zeros_like(y)[:, None, :]
        for form, own, inputs in self._at(y, u):
            width = own.shape[1]
            blocks = [form.jacobian(own, inputs)]
            if start:
                blocks.insert(0, form.input_jacobian(own, inputs))
            padding = (start - below, y.shape[1] - start - width)
            left, right = (xp.zeros_like(own)[:, :, None] + empty[:, :, :n] for n in padding)
            rows.append(xp.concat([left, *blocks, right], axis=2))
            start, below = start + width, width
        return xp.concat(rows, axis=1)

    def differential(self, y: Float[Any, "n k"], u: Inputs) -> Linear:
        layers = [
            (form.differential(own, inputs), form.input_differential(own, inputs) if k else None)
            for k, (form, own, inputs) in enumerate(self._at(y, u))
        ]

        def pushed(v: Float[Any, "n k"]) -> Float[Any, "n k"]:
            moved = []
            for (in_state, in_below), (_, own, below) in zip(layers, self._at(v, v), strict=True):
                through = 0.0 if in_below is None else in_below(below)
                moved.append(in_state(own) + through)
            return namespace(v).concat(moved, axis=1)

        return pushed

    def _at(self, y: Float[Any, "n k"], u: Inputs) -> list[tuple[RootProblem, Any, Any]]:
        """Return every layer's form, its unknowns, and the inputs that it reads at rest."""
        layers, start = [], 0
        for form, layer in zip(self.forms, self.cell.layers, strict=True):
            own = y[:, start : start + len(_output_of(layer))]
            layers.append((form, own, u))
            start, u = start + own.shape[1], own
        return layers


def _output_of(layer: Dynamics) -> range:
    return layer.parts.get("h", range(layer.state_size))


def _read(layer: Dynamics, states: Any) -> Any:
    """Return the rows of a layer's new state (or its derivative) that the layer above reads."""
    output = _output_of(layer)
    return states[:, output.start : output.stop, ...]
