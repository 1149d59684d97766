"""States in nests: their order, their names, their shapes, and the way to a file and back."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint._core.layout import StateLayout, Variable

ROWS = np.arange(12.0).reshape(2, 6)


class Pair(NamedTuple):
    h: np.ndarray
    c: np.ndarray


@dataclass(frozen=True)
class Record:
    rate: np.ndarray
    adaptation: np.ndarray


EXAMPLES = {
    "one array": np.zeros(6),
    "a matrix": np.zeros((2, 3)),
    "a pair": (np.zeros(2), np.zeros(4)),
    "a list": [np.zeros(4), np.zeros(2)],
    "a dictionary": {"z": np.zeros(1), "a": np.zeros(5)},
    "an ordered dictionary": OrderedDict(z=np.zeros(1), a=np.zeros(5)),
    "a named tuple": Pair(np.zeros(3), np.zeros(3)),
    "a dataclass": Record(np.zeros(5), np.zeros(1)),
    "layers of pairs": [(np.zeros(1), np.zeros(1)), (np.zeros(2), np.zeros(2))],
    "a number": {"x": 0.0, "y": np.zeros(5)},
}
each_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


@each_example
def test_packing_undoes_unpacking(example):
    layout = StateLayout.of(example)
    assert layout.size == 6
    np.testing.assert_array_equal(layout.pack(layout.unpack(ROWS)), ROWS)
    np.testing.assert_array_equal(layout.read(layout.unpack(ROWS)), ROWS)


@each_example
def test_the_way_to_a_file_and_back(example):
    layout = StateLayout.of(example)
    again = StateLayout.from_plain(layout.to_plain())
    assert again == layout
    assert [v.name for v in again.variables] == [v.name for v in layout.variables]
    np.testing.assert_array_equal(again.pack(again.unpack(ROWS)), ROWS)


@pytest.mark.parametrize("name", ["a pair", "a list", "a named tuple", "a dataclass"])
def test_the_nest_keeps_its_kind(name):
    assert type(StateLayout.of(EXAMPLES[name]).unpack(ROWS)) is type(EXAMPLES[name])


def test_the_order_is_that_of_the_example_not_of_the_keys():
    layout = StateLayout.of({"z": np.zeros(1), "a": np.zeros(2)})
    assert layout.parts == {"z": [0], "a": [1, 2]}
    swapped = {"a": np.array([[1.0, 2.0]]), "z": np.array([[0.0]])}
    assert layout.pack(swapped).tolist() == [[0.0, 1.0, 2.0]]


def test_unequal_orders_are_unequal():
    one = StateLayout.of({"z": np.zeros(1), "a": np.zeros(2)})
    other = StateLayout.of({"a": np.zeros(2), "z": np.zeros(1)})
    assert one != other
    assert one == StateLayout.of({"z": np.ones(1), "a": np.ones(2)})


def test_names_are_paths():
    layout = StateLayout.of([Pair(np.zeros(1), np.zeros(1)), {"x": np.zeros(1)}])
    assert [v.name for v in layout.variables] == ["0.h", "0.c", "1.x"]


def test_variables_may_stand_in_any_order_in_the_row():
    layout = StateLayout((Variable("c", np.arange(2, 4)), Variable("h", np.arange(2))))
    c, h = layout.unpack(np.array([[0.0, 1.0, 2.0, 3.0]]))
    assert (c.tolist(), h.tolist()) == ([[2.0, 3.0]], [[0.0, 1.0]])
    assert layout.pack((c, h)).tolist() == [[0.0, 1.0, 2.0, 3.0]]
    assert layout.parts == {"h": [0, 1], "c": [2, 3]}


def test_the_batch_axis_may_lie_behind_the_layers():
    layout = StateLayout(Variable("h", np.array([[0, 1], [2, 3]]), batch_axis=1))
    rows = np.arange(12.0).reshape(3, 4)
    layers = layout.unpack(rows)
    assert layers.shape == (2, 3, 2)
    np.testing.assert_array_equal(layers[1], rows[:, 2:])
    np.testing.assert_array_equal(layout.pack(layers), rows)


def test_trajectories_are_packed_too():
    layout = StateLayout.of((np.zeros(2), np.zeros(1)))
    states = (np.ones((4, 10, 2)), np.zeros((4, 10, 1)))
    assert layout.read(states).shape == (4, 10, 3)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"h": np.zeros((1, 2))}, "state: got members h, but members h, c is wanted"),
        ({"h": np.zeros((1, 2)), "k": np.zeros((1, 2))}, "got members h, k"),
        (np.zeros((1, 4)), "got ndarray, but members h, c"),
        ({"h": np.zeros((1, 3)), "c": np.zeros((1, 2))}, r"h: got shape \(1, 3\), but \(1, 2\)"),
        ({"h": np.full((1, 2), np.nan), "c": np.zeros((1, 2))}, "states h: 2 of 2 values are NaN"),
        ({"h": "text", "c": np.zeros((1, 2))}, "states h: got 'text'"),
    ],
)
def test_states_that_do_not_fit_are_named(state, message):
    layout = StateLayout.of({"h": np.zeros(2), "c": np.zeros(2)})
    with pytest.raises(ArgumentError, match=message):
        layout.read(state)


def test_one_array_is_wanted_where_the_state_is_one():
    with pytest.raises(ArgumentError, match="one array is wanted"):
        StateLayout.flat(2).pack((np.zeros((1, 1)), np.zeros((1, 1))))


@dataclass(frozen=True)
class Tuned:
    """As `flax.struct` marks what is no part of the state."""

    rate: np.ndarray
    steps: int = field(default=3, metadata={"pytree_node": False})


def test_settings_of_a_dataclass_are_no_states():
    layout = StateLayout.of(Tuned(np.zeros(2), steps=7))
    assert layout.size == 2
    assert layout.unpack(np.ones((1, 2))).steps == 7


def test_keys_may_be_numbers():
    layout = StateLayout.of({0: np.zeros(1), 7: np.zeros(2)})
    assert layout.pack({7: np.ones((1, 2)), 0: np.zeros((1, 1))}).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    "example", [{1: np.zeros(1), "1": np.zeros(1)}, {"a": {"b": np.zeros(1)}, "a.b": np.zeros(1)}]
)
def test_two_variables_of_one_name_are_refused(example):
    with pytest.raises(ArgumentError, match="names two variables"):
        StateLayout.of(example)


def test_whole_numbers_are_no_states():
    with pytest.raises(ArgumentError, match=r"state k: got 3, but an array of numbers"):
        StateLayout.of({"x": np.zeros(2), "k": 3})


def test_variables_must_hold_as_many_states():
    layout = StateLayout.of({"h": np.zeros(2), "c": np.zeros(2)})
    with pytest.raises(ArgumentError, match=r"different numbers of states: \(2,\), \(3,\)"):
        layout.read({"h": np.zeros((2, 2)), "c": np.zeros((3, 2))})


def test_every_variable_is_a_region_in_one_piece_or_not():
    nest = (Variable("h", np.array([[0], [2]])), Variable("c", np.array([[1], [3]])))
    assert StateLayout(nest).parts == {"h": [0, 2], "c": [1, 3]}


@pytest.mark.parametrize("example", [{}, [], {"x": np.zeros(0)}])
def test_an_example_must_hold_values(example):
    with pytest.raises(ArgumentError, match=r"no arrays|no values"):
        StateLayout.of(example)


def test_cells_with_parts_are_dictionaries():
    cell = sp.cells.LSTMCell(np.zeros((8, 2)), np.zeros((8, 1)), np.zeros(8))
    system = sp.as_system(cell)
    assert {k: v.shape for k, v in system.unpack(np.zeros((3, 4))).items()} == {
        "h": (3, 2),
        "c": (3, 2),
    }
    assert system.pack({"c": np.ones((1, 2)), "h": np.zeros((1, 2))}).tolist() == [[0, 0, 1, 1]]


def test_points_keep_their_nest_in_a_file(tmp_path):
    system = sp.as_system(lambda s, u: (s[0] / 2, s[1] / 2), state=(np.zeros(1), np.zeros(2)))
    points = sp.find_fixed_points(system, np.ones((4, 3)))
    again = sp.load(points.save(tmp_path / "points.nc"))
    assert again.system.layout == points.system.layout
    assert again.system == points.system
    assert [part.shape for part in again.unpack()] == [(1, 1), (1, 2)]


def test_a_restriction_is_one_array_again():
    cell = sp.cells.LSTMCell(np.zeros((8, 2)), np.zeros((8, 1)), np.zeros(8))
    assert sp.as_system(cell).restrict("h").unpack(np.zeros((3, 2))).shape == (3, 2)


# -- complex values -------------------------------------------------------------------------------

LAMBDA = 0.9 * np.exp(1j * np.linspace(0, 3, 4))
COMPLEX = {
    "one array": np.zeros(3, dtype=complex),
    "a matrix": np.zeros((1, 3), dtype=np.complex64),
    "beside a real one": {"z": np.zeros(2, dtype=complex), "r": np.zeros(2)},
    "numbers": [0j, np.zeros(4)],
}


@pytest.mark.parametrize("example", COMPLEX.values(), ids=COMPLEX.keys())
def test_complex_values_are_pairs_of_real_ones(example):
    layout = StateLayout.of(example)
    assert (layout.size, layout.is_flat) == (6, False)
    nest = layout.unpack(ROWS)
    first = layout.leaves(nest)[0]
    assert first.ravel()[0] == ROWS[0, 0] + 1j * ROWS[0, 1]
    np.testing.assert_array_equal(layout.pack(nest), ROWS)
    np.testing.assert_array_equal(layout.read(nest), ROWS)
    assert layout.fits(nest)
    again = StateLayout.from_plain(layout.to_plain())
    assert again == layout
    np.testing.assert_array_equal(again.pack(again.unpack(ROWS)), ROWS)
    with pytest.raises(ValueError, match="no pairs"):
        StateLayout.from_plain(
            {"name": "", "places": [0, 1, 2], "batch_axis": 0, "is_complex": True}
        )


def test_a_complex_state_is_finite():
    layout = StateLayout.of(np.zeros(2, dtype=complex))
    with pytest.raises(ArgumentError, match="states"):
        layout.read(np.array([[1.0, np.nan * 1j]]))


LIBRARIES = [pytest.param(n, marks=getattr(pytest.mark, n)) for n in ("torch", "jax", "tensorflow")]


@pytest.mark.parametrize("library", ["numpy", *LIBRARIES])
def test_a_diagonal_complex_network(library):
    """x' = lambda x + 2 has its point at 2 / (1 - lambda), and each |lambda| twice."""
    xp = pytest.importorskip("jax.numpy" if library == "jax" else library)
    weights = (
        LAMBDA if library == "jax" else xp.asarray(LAMBDA) if library != "tensorflow" else None
    )
    if library == "tensorflow":
        weights = xp.constant(LAMBDA)

    def step(z, u):
        drive = u[:, :1] + u[:, 1:]
        drive = xp.cast(drive, xp.complex128) if library == "tensorflow" else drive
        return weights * z + drive

    example = np.zeros(4, dtype=complex)
    system = sp.as_system(step, state=example, input_size=2, framework=library, recognise=False)
    points = sp.find_fixed_points(system, np.eye(8), [1.0, 1.0])
    np.testing.assert_allclose(system.unpack(points.xstar), [2 / (1 - LAMBDA)], atol=1e-10)
    np.testing.assert_allclose(np.abs(points.eigenvalues), 0.9, atol=1e-9)
    assert repr(sp.as_system(step, state=example, input_size=2, framework=library)).endswith(
        "recognised: vanilla network, linear)"
    )


@pytest.mark.torch
@pytest.mark.parametrize("told", [True, False])
def test_a_complex_torch_module(told):
    torch = pytest.importorskip("torch")

    class LRU(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rates = torch.nn.Parameter(torch.tensor(LAMBDA, dtype=torch.complex64))
            self.hidden_size, self.input_size = 4, 3

        def forward(self, u, h):
            h = self.rates * h + 1j * torch.tanh(h.real) + u.sum(dim=1, keepdim=True)
            return h.real, h

    example = {"state": torch.zeros(4, dtype=torch.complex64)} if told else {}
    system = sp.as_system(LRU(), **example)
    x, u = np.random.default_rng(0).standard_normal((2, 8)), np.ones((2, 3))
    z = system.unpack(x)
    wanted = LAMBDA.astype(np.complex64) * z + 1j * np.tanh(z.real) + 3
    np.testing.assert_allclose(system.unpack(system.step(x, u)), wanted, atol=1e-14)
