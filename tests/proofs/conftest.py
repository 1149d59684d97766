"""What the tests of proofs share."""

from __future__ import annotations

import pytest
from certificate_cases import found
from mpmath import mp

import zoo


@pytest.fixture(autouse=True)
def _precisely():
    with mp.workdps(60):
        yield


@pytest.fixture(scope="module")
def planted():
    system = zoo.planted(2).system("numpy")
    return system, found(system, 100)
