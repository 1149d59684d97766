"""Rectified networks, region by region."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from enumeration_cases import (
    NO_INPUT,
    assert_alike,
    assert_at_rest,
    ctln,
    few_patterns,
    index_sum,
    leaky,
    low_rank,
)

import stillpoint as sp
import zoo
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration.arrangement import sign_patterns
from stillpoint.proofs.enumeration.low_rank import latent_of


def test_a_continuum_of_rectified_units_is_not_counted():
    proof = enumerate_states(zoo.half_line().cell, NO_INPUT)
    assert not proof.is_proof
    assert "a continuum of fixed points may lie there" in proof.reason


@pytest.mark.parametrize("n", range(1, 8))
def test_without_edges_every_support_is_a_point(n):
    cell = ctln(np.zeros((n, n)))
    proof = enumerate_states(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.n_points == 2**n - 1
    size = (proof.states > 1e-9).sum(axis=1)
    assert np.bincount(size)[1:].tolist() == [len(list(k)) for k in supports_by_size(n)]
    assert index_sum(cell, proof.states) == 1
    for support, state in zip(proof.states > 1e-9, proof.states, strict=True):
        np.testing.assert_allclose(state[support], 1 / (1 + 1.5 * (support.sum() - 1)))


def supports_by_size(n):
    everything = list(product((0, 1), repeat=n))
    return [[s for s in everything if sum(s) == k] for k in range(1, n + 1)]


def test_a_clique_has_one_point_and_so_has_a_cycle():
    for n in range(3, 7):
        clique = enumerate_states(ctln(np.ones((n, n))), NO_INPUT)
        assert (clique.is_proof, clique.n_points) == (True, 1)
        assert (clique.states > 0).all()
        ring = ctln(np.roll(np.eye(n), 1, axis=0))
        cycle = enumerate_states(ring, NO_INPUT)
        assert (cycle.is_proof, cycle.n_points) == (True, 1)
        jacobian = ring.jacobian(cycle.states, np.zeros((1, 0)))[0]
        assert np.abs(np.linalg.eigvals(jacobian)).max() > 1


def test_a_hundred_random_graphs_are_proved_with_index_sum_one():
    rng = np.random.default_rng(0)
    for _ in range(100):
        cell = ctln(rng.random((7, 7)) < 0.5)
        proof = enumerate_states(cell, NO_INPUT)
        assert proof.is_proof
        assert proof.method == "linear regions"
        assert index_sum(cell, proof.states) == 1
        assert_at_rest(cell, proof.states)


@pytest.mark.parametrize("seed", [1, 2, 8])
def test_128_rectified_units_of_rank_2_have_8257_regions(seed):
    """h lines in general position cut the plane into 1 + h + h (h - 1) / 2 regions."""
    cell = low_rank(128, 2, seed, "relu", gain=1.0, bias=0.3)
    proof = enumerate_states(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.examined == 8257
    assert_at_rest(cell, proof.states)
    starts = np.random.default_rng(1).uniform(0, 3, (300, 128)) * (np.arange(300)[:, None] / 30)
    found = sp.find_fixed_points(sp.as_system(cell), starts)
    assert_alike(proof.states, found.xstar)


def test_regions_in_three_dimensions_and_those_of_a_leaky_network():
    cell = low_rank(24, 3, 0, "relu", bias=0.3)
    proof, of_currents = enumerate_states(cell, NO_INPUT), enumerate_states(leaky(cell), NO_INPUT)
    assert proof.examined == of_currents.examined == 1 + 24 + 276 + 2024
    assert_alike(np.maximum(of_currents.states, 0), proof.states)


def test_the_regions_of_few_lines_are_those_that_random_states_visit():
    cell = low_rank(9, 2, 5, "relu", bias=1.0)
    form = cell.interval_extension().rate_form(Interval(np.zeros((1, 0))))
    patterns = sign_patterns(latent_of(form, 2), 10**6)
    assert len(patterns) == 2**9  # so few that all are taken
    latent = latent_of(form, 2)
    z = np.random.default_rng(0).standard_normal((400_000, 2)) * 30
    visited = np.unique(latent.drive(Interval(z)).mid > 0, axis=0)
    with few_patterns(0):
        listed = sign_patterns(latent, 10**6)
    assert len(listed) == 1 + 9 + 36
    both = np.unique(np.concatenate([listed, visited]), axis=0)
    assert len(both) == len(listed)  # none was visited that is not listed
    assert len(visited) > 40
