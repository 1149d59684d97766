"""Write the table of docs/frameworks.md from the cells that the tests check.

Needs every framework: run it with the environment of `make test-frameworks`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import stillpoint as sp

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "frameworks"))

from framework_cells import FRAMEWORKS, TABLE_HEAD, Case, cases_of, table_row  # noqa: E402

START, END = "<!-- table -->", "<!-- end of table -->"


def main() -> None:
    page = ROOT / "docs" / "frameworks.md"
    before, rest = page.read_text().split(START)
    _, after = rest.split(END)
    cases = [case for framework in FRAMEWORKS for case in cases_of(framework)]
    rows = [table_row(case, _system(case)) for case in cases]
    page.write_text("\n".join([before + START, *TABLE_HEAD, *rows, END + after]))


def _system(case: Case) -> sp.System:
    network = case.make(np.random.default_rng(5))
    return sp.as_system(network.model, **network.options)


if __name__ == "__main__":
    main()
