"""What an orbit goes round, and where that is not asked."""

import numpy as np

import stillpoint as sp
from stillpoint.points import OrbitEnd
from stillpoint.recurrence.attracting import goes_round

TURN = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])


def test_closed_curves_are_not_looked_for_where_kinks_forbid_them():
    none, x = np.zeros((2, 0)), np.array([0.5, 0.2])
    smooth = sp.as_system(sp.cells.VanillaCell(1.5 * TURN, none, np.zeros(2)))
    found = goes_round(smooth, x, np.zeros(0), OrbitEnd.CURVE)
    assert found is not None
    assert found.attracts
    kinked = sp.as_system(sp.cells.VanillaCell(1.5 * TURN, none, np.ones(2), "relu"))
    assert goes_round(kinked, x, np.zeros(0), OrbitEnd.CURVE) is None
