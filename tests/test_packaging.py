"""What pyproject.toml promises: extras that exist, a page whose links work where no files are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from stillpoint.frameworks.base import FUNCTIONS, MODULES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]


def test_every_extra_that_is_named_exists():
    pages = [path.read_text() for kind in ("*.md", "docs/**/*.md") for path in ROOT.glob(kind)]
    texts = [*pages, *(path.read_text() for path in ROOT.glob("src/**/*.py"))]
    lists = re.findall(r"""["'](?:stillpoint|\.)\[([a-z,]+)\]""", "\n".join(texts))
    lists += re.findall(r"`\[([a-z,]+)\]`", "\n".join(pages))
    named = {name for names in lists for name in names.split(",")}
    assert named >= {"torch", "tensorflow", "neurogym"}  # of a message, the README, a docstring
    assert named | {*MODULES.values(), *FUNCTIONS.values()} - {""} <= EXTRAS.keys()


def test_all_is_the_union_of_the_extras():
    (everything,) = EXTRAS["all"]
    assert set(everything.removeprefix("stillpoint[")[:-1].split(",")) == EXTRAS.keys() - {"all"}


def test_the_page_of_an_index_has_no_relative_links():
    hook = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    page = "".join((ROOT / part["path"]).read_text() for part in hook["fragments"])
    for rule in hook["substitutions"]:
        page = re.sub(rule["pattern"], rule["replacement"], page)
    links = re.findall(r"\]\(([^)]*)\)", page)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []
    images = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", page)
    assert images
    assert all(link.startswith("https://raw.githubusercontent.com/") for link in images)
