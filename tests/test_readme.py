"""What the README says: its code runs as a reader types it, and gives what is shown."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import stillpoint as sp
from stillpoint.tasks import load_network

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.torch
def test_the_code_runs(tmp_path, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    torch.manual_seed(0)
    with mpl.rc_context({"backend": "Agg"}):
        exec(compile(code, "README.md", "exec"), {})
    assert "fixed point" in capsys.readouterr().out
    assert len(sp.load(tmp_path / "points.nc")) >= 1
    assert (tmp_path / "net.html").stat().st_size > 10_000


def test_what_comes_out_is_what_it_shows():
    memory = sp.find_all_fixed_points(load_network("tanh").system, np.zeros(3))
    (shown,) = re.findall(r"```\n(27 fixed points.*?)```", README, flags=re.DOTALL)
    assert shown.split() == memory.census().verdict.split()
    assert memory.certificate.all_proved


def test_it_fits_on_two_screens():
    assert len(README.splitlines()) <= 80
