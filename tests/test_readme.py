"""The code blocks of the README run, one after the other, as a reader would type them."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ROOT = Path(__file__).parents[1]


def test_the_code_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert len(blocks) == 5
    torch.manual_seed(0)
    names: dict[str, object] = {}
    with mpl.rc_context({"backend": "Agg"}):
        for block in blocks:
            exec(compile(block, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "fixed point" in printed
    assert printed.endswith("as a set: proved complete\n")  # the network of low rank
    assert (tmp_path / "points.nc").is_file()
    assert names["cortex"].state_size == 50  # type: ignore[attr-defined]
