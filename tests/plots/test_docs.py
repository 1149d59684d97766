"""The code of docs/figures.md draws the picture beside it."""

from __future__ import annotations

import re
from pathlib import Path

from readable import assert_readable

PAGE = Path(__file__).parents[2] / "docs" / "figures.md"


def test_the_code_of_the_page_draws_what_it_says():
    names: dict = {}
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    exec(compile(first, PAGE.name, "exec"), names)
    assert_readable(names["figure"])
    told = [[t.get_text() for t in ax.get_legend().get_texts()] for ax in names["figure"].axes]
    assert all("100 of 160 trajectories" in entries for entries in told)
    assert {"chose left", "chose right"} <= set(told[0])
    assert [len(ax.child_axes) for ax in names["figure"].axes] == [0, 1]
    exec(compile(second, PAGE.name, "exec"), names)
    assert_readable(names["figure"])
    titles = {ax.get_title(loc="left") for ax in names["figure"].axes}
    assert len(titles) == 1
    assert "of the squared motion" in titles.pop()
