"""How many files a call enters: the main line stays short enough to be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import VanillaCell

PACKAGE = Path(sp.__file__).parent

#: docs/design.md describes these walks.
MOST_FILES = {"find": 21, "certify": 15}


def files_entered(call):
    """Return what a call returns and the files of the package whose functions it runs."""
    call()  # parts that are imported when they are first asked for are no part of the walk
    entered = set()

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and PACKAGE in path.parents:
            entered.add(str(path.relative_to(PACKAGE)))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        return call(), entered
    finally:
        sys.setprofile(before)


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="checks of annotations enter files too"
)
def test_the_walks_that_the_design_describes():
    rng = np.random.default_rng(0)
    W = 2 * np.eye(3) + 0.1 * rng.standard_normal((3, 3))
    system = sp.as_system(VanillaCell(W, np.zeros((3, 0)), np.zeros(3)))
    starts = rng.standard_normal((300, 3))
    alone = {"orbits": False, "rounds": 0}
    points, entered = files_entered(lambda: sp.find_fixed_points(system, starts, **alone))
    assert len(points) == 27
    assert len(entered) <= MOST_FILES["find"], sorted(entered)
    assert "search/describe.py" in entered
    certified, entered = files_entered(lambda: sp.certify(system, points))
    assert certified.certificate.all_proved
    assert len(entered) <= MOST_FILES["certify"], sorted(entered)
    assert "proofs/krawczyk.py" in entered
