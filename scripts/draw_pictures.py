"""Draw the pictures of the README and the docs again.

    python scripts/draw_pictures.py

Two are what `stillpoint demo` draws; the others are what the code of docs/figures.md draws above
them. They are kept in 256 colours, which makes the files half as large.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from PIL import Image

from stillpoint.cli import main as command

DOCS = Path(__file__).parents[1] / "docs"
DEMOS = {"flip-flop": "flip_flop_tanh.png", "decision": "decision.png"}
_DRAWN = re.compile(r"```python\n(.*?)```\s*!\[[^]]*\]\(images/(\w+\.png)\)", re.DOTALL)
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
            assert command(["demo", demo, "--out", folder]) == 0
            keep(Path(folder) / file, NAMES[demo])
        names: dict[str, object] = {}
        for code, picture in _DRAWN.findall((DOCS / "figures.md").read_text()):
            exec(compile(code, "figures.md", "exec"), names)
            file = Path(folder) / picture
            plt.gcf().savefig(file, dpi=120)
            keep(file, picture)


if __name__ == "__main__":
    main()
