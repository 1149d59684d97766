"""Multipliers, exponents and attractors: what is drawn is what the records hold."""

from __future__ import annotations

import numpy as np

import stillpoint as sp


def test_multipliers_of_cycles_with_the_unit_circle(cycles):
    drawn = sp.plots.spectrum(cycles)
    (circle,) = drawn["border"]
    assert np.hypot(*circle.get_data()).round(12).tolist() == [1.0] * 361
    shown = np.concatenate([np.asarray(cloud.get_offsets()) for cloud in drawn["eigenvalues"]])
    wanted = cycles.multipliers.ravel()
    np.testing.assert_allclose(np.sort(shown[:, 0]), np.sort(wanted.real))
    assert drawn["eigenvalues"][0].axes.get_xlabel() == "Re μ"


def test_exponents_with_two_standard_errors(exponents):
    drawn = sp.plots.exponents(exponents)
    line, _, (bars,) = drawn["exponents"]
    np.testing.assert_array_equal(line.get_ydata(), exponents.exponents)
    heights = [path.vertices[1, 1] - path.vertices[0, 1] for path in bars.get_paths()]
    np.testing.assert_allclose(heights, 4 * exponents.errors)


def test_attractors_as_points_lines_and_clouds(attractors):
    drawn = sp.plots.attractors(attractors)
    labels = [marks.get_label() for marks in drawn["states"]]
    assert len(labels) == len({*attractors.kind} - {2, 3})
    assert len(drawn["lines"]) == (attractors.kind == 1).sum() > 0
    for line in drawn["lines"]:
        assert line.get_data()[0][0] == line.get_data()[0][-1]
