"""Enumeration as a verb, what it takes and what it returns."""

from __future__ import annotations

import inspect
import json
from itertools import product

import numpy as np
import pytest
from enumeration_cases import NO_INPUT, assert_alike, vanilla

import stillpoint as sp
import zoo
from stillpoint import ArgumentError
from stillpoint.cells import (
    LeakyCell,
    VanillaCell,
)
from stillpoint.dynamics.transforms import Clamped, Restricted
from stillpoint.proofs.enumeration import Enumeration, enumerate_states


def test_inputs_that_are_clamped_and_units_that_are_held_count():
    rng = np.random.default_rng(3)
    W, B, b = (rng.standard_normal(shape) for shape in ((3, 3), (3, 2), 3))
    for phi, make in product(("tanh", "relu"), (VanillaCell, LeakyCell)):
        leak = (np.full(3, 0.5),) if make is LeakyCell else ()
        cell = make(2 * W, B, b, *leak, phi)
        u = np.array([0.4, -0.7])
        clamped = Clamped(cell, np.array([1]), u[1:])
        assert_alike(enumerate_states(clamped, u[:1]).states, enumerate_states(cell, u).states)
        some = Restricted(cell, np.array([0, 2]), np.array([1]))
        held = np.array([0.35])
        proof = enumerate_states(some, np.concatenate([u, held]))
        assert proof.is_proof
        x, inputs = proof.states, np.tile(np.concatenate([u, held]), (proof.n_points, 1))
        np.testing.assert_allclose(some.step(x, inputs), x, atol=1e-12)


def test_the_verb_takes_a_system_and_one_input():
    cell = VanillaCell(np.array([[2.0]]), np.array([[1.0]]), np.zeros(1))
    system = sp.as_system(cell)
    for inputs in ([0.2], np.array([0.2]), (0.2,)):
        proof = sp.enumerate_fixed_points(system, inputs)
        assert (proof.is_proof, proof.n_points) == (True, 3)
        assert_alike(proof.states, enumerate_states(cell, np.array([0.2])).states, digits=1e-15)
        assert proof.inputs.tolist() == [0.2]
    assert sp.enumerate_fixed_points(system, [2.0]).n_points == 1
    assert sp.enumerate_fixed_points(system.clamp([0.2])).n_points == 3
    assert not sp.enumerate_fixed_points(system, [0.2], budget=1).is_proof


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        ((None,), {}, "inputs: got None"),
        (([0.2, 0.3],), {}, r"inputs: got shape \(2,\)"),
        (([[0.2]],), {}, r"inputs: got shape \(1, 1\), but \(1,\) is wanted"),
        (([np.nan],), {}, "inputs"),
        (([0.2],), {"budget": 0}, "budget"),
        (([0.2],), {"budget": 2.5}, "budget"),
    ],
)
def test_the_verb_refuses_wrong_arguments(arguments, options, match):
    system = sp.as_system(VanillaCell(np.array([[2.0]]), np.array([[1.0]]), np.zeros(1)))
    verb = inspect.unwrap(sp.enumerate_fixed_points)  # without the checker of annotations
    with pytest.raises(ArgumentError, match=match):
        verb(system, *arguments, **options)
    with pytest.raises(ArgumentError, match="system: got VanillaCell"):
        verb(system.dynamics, [0.2])


@pytest.mark.torch
def test_a_torch_network_is_proved_as_its_numpy_twin():
    network = zoo.planted(3)
    system = network.system("torch")
    proof = enumerate_states(system.dynamics, NO_INPUT)
    assert (proof.is_proof, proof.n_points) == (True, 15)


def test_what_is_not_available_says_so_at_once():
    black_box = sp.as_system(lambda x: np.tanh(2 * x**3), state_size=1).dynamics
    proof = enumerate_states(black_box, NO_INPUT)
    assert (proof.is_proof, proof.method, proof.examined) == (False, "not available", 0)
    assert "black box" in repr(proof)
    W = np.random.default_rng(0).standard_normal((64, 64)) / 4
    for cell in (vanilla(W), vanilla(W, phi="relu"), vanilla(W, 0.1, "softplus")):
        assert enumerate_states(cell, NO_INPUT).method == "not available"
    for cell in (vanilla(W[:2, :2], phi="relu"), vanilla(W)):  # unbounded, and too large
        iterated = sp.as_system(cell).iterate(2).dynamics
        assert enumerate_states(iterated, NO_INPUT).method == "not available"


@pytest.mark.parametrize(
    "cell", [zoo.planted(2).cell, zoo.half_line().cell, vanilla(np.ones((64, 64)), phi="softplus")]
)
def test_a_record_survives_json(cell):
    proof = enumerate_states(cell, NO_INPUT)
    again = Enumeration.from_plain(json.loads(json.dumps(proof.to_plain())))
    assert repr(again) == repr(proof)
    np.testing.assert_array_equal(again.states, proof.states)
    assert again.states.shape == proof.states.shape
    assert (again.examined, again.left, again.reason) == (proof.examined, proof.left, proof.reason)
