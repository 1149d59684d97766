"""Write the table of docs/compat.md: what became of every public name of the old tools."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "compat"))

from old_names import table  # noqa: E402

START, END = "<!-- table -->", "<!-- end of table -->"


def main() -> None:
    page = ROOT / "docs" / "compat.md"
    before, rest = page.read_text().split(START)
    _, after = rest.split(END)
    page.write_text(f"{before}{START}\n\n{table()}\n\n{END}{after}")


if __name__ == "__main__":
    main()
