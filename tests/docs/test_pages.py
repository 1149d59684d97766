"""The code of every page of the documentation runs, and its links lead somewhere.

Blocks of a page follow each other, as a reader would type them, in a folder that has the examples
beside it. A block that asks for `__main__` is also run as a script, as it starts processes.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

import stillpoint as sp
from plots.readable import assert_readable
from stillpoint.tasks import load_network

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
FRAMEWORKS = ("torch", "jax", "flax", "equinox", "keras", "tensorflow", "brainpy")


def blocks_of(page):
    """Return the Python blocks of a page, in their order."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def marks_of(page):
    """Return the marks of the frameworks that a page imports."""
    code = "\n".join(blocks_of(page)).replace("stillpoint.models", "torch")  # which it imports
    lines = re.findall(r"^\s*(?:import|from) (.*)$", code, flags=re.MULTILINE)
    imported = {name.split(".")[0] for line in lines for name in re.split(r"[,\s]+", line)}
    return [getattr(pytest.mark, name) for name in FRAMEWORKS if name in imported]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that runs a page once: the names it defines, its prints, its folder."""

    @functools.cache
    def run_page(page):
        folder, names = tmp_path_factory.mktemp(page.stem), {"__name__": page.stem}
        (folder / "examples").symlink_to(ROOT / "examples")
        if "torch" in {mark.name for mark in marks_of(page)}:
            pytest.importorskip("torch").manual_seed(0)
        printed = io.StringIO()
        with (
            mpl.rc_context({"backend": "agg"}),
            contextlib.chdir(folder),
            contextlib.redirect_stdout(printed),
        ):
            for block in blocks_of(page):
                if "__main__" in block:
                    Path("script.py").write_text(block)
                    subprocess.run([sys.executable, "script.py"], check=True)
                exec(compile(block, page.name, "exec"), names)
        return SimpleNamespace(names=names, printed=printed.getvalue(), folder=folder)

    return run_page


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=page.name, marks=marks_of(page)) for page in PAGES if blocks_of(page)],
)
def test_the_code_of_the_page_runs(run, page):
    run(page)


README = ROOT / "README.md"


@pytest.mark.torch
def test_the_code_of_the_readme_leaves_what_it_says(run):
    done = run(README)
    assert "fixed point" in done.printed
    assert len(sp.load(done.folder / "points.nc")) >= 1
    assert (done.folder / "net.html").stat().st_size > 10_000


def test_the_readme_shows_what_comes_out_and_fits_on_two_screens():
    memory = sp.find_all_fixed_points(load_network("tanh").system, np.zeros(3))
    (shown,) = re.findall(r"```\n(27 fixed points.*?)```", README.read_text(), flags=re.DOTALL)
    assert shown.split() == memory.census().verdict.split()
    assert memory.certificate.all_proved
    assert len(README.read_text().splitlines()) <= 81


def test_the_branches_and_folds_of_the_readme_are_there():
    system, pulse = load_network("tanh").system, np.array([1.0, 0.0, 0.0])
    points = sp.find_all_fixed_points(system, np.zeros(3))
    diagram = sp.follow_points(system, points, sp.path(-pulse, pulse), checks=0)
    proved = sum(event.kind is sp.EventKind.FOLD and event.is_proved for event in diagram.events)
    assert f"{len(diagram)} branches with {proved} folds, each *proved*" in README.read_text()
    assert len(diagram.events) == proved


@pytest.mark.torch
def test_what_works_works(run):
    done = run(DOCS / "what_works.md")
    assert done.printed.endswith("as a set: proved complete\n")  # the network of low rank
    assert done.names["cortex"].state_size == 50


def test_the_figures_of_their_page_are_readable(run):
    names = run(DOCS / "figures.md").names
    for figure in (names["figure"], names["flows"]):
        assert_readable(figure)
    told = [[t.get_text() for t in ax.get_legend().get_texts()] for ax in names["figure"].axes]
    assert all("100 of 160 trajectories" in entries for entries in told)
    assert {"chose left", "chose right"} <= set(told[0])
    assert [len(ax.child_axes) for ax in names["figure"].axes] == [0, 1]
    titles = {ax.get_title(loc="left") for ax in names["flows"].axes}
    assert len(titles) == 1
    assert "of the squared motion" in titles.pop()


@pytest.mark.torch
def test_networks_of_the_page_are_recognised(run):
    printed = run(DOCS / "your_network.md").printed
    assert printed.count("recognised: leaky") == 3
    assert "an exhaustive search proves that there are no others" in printed


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_lead_to_files(page):
    """Pages that the build makes of examples count as the examples."""
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text())
    targets = {
        link: re.sub(r"^generated/(\w+)/(\w+)\.rst$", r"../examples/\1/\2.py", link)
        for link in links
        if not re.match(r"[a-z]+:", link)
    }
    assert [link for link, path in targets.items() if not (page.parent / path).exists()] == []
