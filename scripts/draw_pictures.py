"""Draw the pictures of the README and the docs again.

    python scripts/draw_pictures.py

Two are what `stillpoint demo` draws; the third is what the code of docs/figures.md draws. They are
kept in 256 colours, which makes the files half as large.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import matplotlib as mpl
from PIL import Image
from typer.testing import CliRunner

from stillpoint.cli import app

DOCS = Path(__file__).parents[1] / "docs"
DEMOS = {"flip-flop": "flip_flop_tanh.png", "decision": "decision.png"}
NAMES = {"flip-flop": "flip_flop.png", "decision": "decision.png"}


def keep(picture: Path, name: str) -> None:
    """Write a picture into the docs, in 256 colours."""
    path = DOCS / "images" / name
    Image.open(picture).convert("RGB").quantize(256).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} kB")


def main() -> None:
    mpl.use("Agg")
    with tempfile.TemporaryDirectory() as folder:
        for demo, file in DEMOS.items():
            CliRunner().invoke(app, ["demo", demo, "--out", folder], catch_exceptions=False)
            keep(Path(folder) / file, NAMES[demo])
        names: dict[str, object] = {}
        (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "figures.md").read_text(), re.DOTALL)
        exec(compile(code, "figures.md", "exec"), names)
        picture = Path(folder) / "figures.png"
        names["figure"].savefig(picture, dpi=120)  # type: ignore[attr-defined]
        keep(picture, "figures.png")


if __name__ == "__main__":
    main()
