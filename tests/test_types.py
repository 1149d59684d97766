"""The annotations reach users: type checkers find the mistakes in a user's script."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SCRIPT = """\
import numpy as np

import stillpoint as sp

system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1)
points = sp.find_fixed_points(system, np.zeros((1, 1)))
certificate = sp.certify(system, points).certificate
if certificate is not None:
    print(certificate.all_proved, points.census().verdict, sp.linearize(system, points).A.shape)
"""

MISTAKES = """
sp.find_fixed_points(system, np.zeros((1, 1)), round=3)
print(points.xstarr)
number_missing: int = points.census()
"""

CHECKERS = {
    "mypy": ["-m", "mypy"],
    "pyright": ["-m", "pyright", "--pythonpath", sys.executable],
}


def lines_with_errors(checker: str, script: str, folder) -> list[int]:
    """Return the lines of a script in which a type checker finds errors."""
    if importlib.util.find_spec(checker) is None:
        pytest.fail(f"{checker} is not installed; make .venv/dev brings it")
    path = folder / "script.py"
    path.write_text(script)
    command = [sys.executable, *CHECKERS[checker], str(path)]
    # From here mypy takes what `make lint` knows of the package.
    ran = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=ROOT)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    found = re.findall(r"script\.py:(\d+)(?::\d+)?(?: -|:) error", ran.stdout)
    assert bool(found) == bool(ran.returncode), ran.stdout + ran.stderr
    return [int(line) for line in found]


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_finds_the_mistakes_and_no_others(checker, tmp_path):
    first = len(SCRIPT.splitlines()) + 2
    found = lines_with_errors(checker, SCRIPT + MISTAKES, tmp_path)
    assert found == [first, first + 1, first + 2]
