"""A report is one whole HTML file: it says what the record says, and holds the record itself."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """A page that was parsed: every element with its attributes and its text; tags must match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            e
            for e in self.elements
            if e["tag"] == tag and all(e.get(k) == v for k, v in attributes.items())
        ]


@pytest.fixture(scope="module")
def parsed(page):
    return Page(page.read_text())


def test_it_begins_with_the_verdict_and_what_it_rests_on(parsed, points):
    (verdict,) = parsed.all("p", **{"class": "verdict"})
    assert verdict["text"].lower() == f"{points.census().verdict.lower()}."
    tally = points.census().tallies[0]
    row = parsed.all("tbody")[0]["text"]
    assert str(tally.n_points) in row
    assert tally.completeness.sentence in row
    assert "all proved to exist" in parsed.all("main")[0]["text"]


def test_every_point_is_in_the_picture_the_scene_and_the_table(parsed, points, trajectories):
    rows = sorted(int(e["data-row"]) for e in parsed.all("tr") if "data-row" in e)
    assert rows == list(range(len(points)))
    (script,) = parsed.all("script", id="scenes")
    (scene,) = json.loads(script["text"])
    drawn = sorted(row for marks in scene["marks"] for row in marks["rows"])
    assert drawn == rows
    pca = sp.fit_pca(trajectories, 3)
    for marks in scene["marks"]:
        expected = pca.transform(points.xstar[marks["rows"]])
        np.testing.assert_allclose(marks["at"], expected, rtol=1e-4, atol=1e-4)
    assert len(scene["lines"]) == len(trajectories)
    still = [e for e in parsed.elements if e.get("class") == "mark"]
    assert len(still) == len(points) + len(scene["marks"])  # and one of each in the legend
    eigenvalues = [e for e in parsed.elements if e.get("class") == "eigenvalue"]
    assert len(eigenvalues) == points.eigenvalues.size


def test_the_table_says_what_the_record_says(parsed, points):
    texts = [e["text"] for e in parsed.all("tr") if "data-row" in e]
    for text, hits in zip(texts, points.hits, strict=True):
        assert str(hits) in text


def test_nothing_is_loaded_and_only_its_own_script_may_run(page, parsed):
    text = page.read_text()
    outside = [
        (e["tag"], k)
        for e in parsed.elements
        for k in ("src", "href", "srcset", "action", "poster")
        if k in e and not e[k].startswith(("data:", "#"))
    ]
    assert outside == []
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = [e["content"] for e in parsed.all("meta") if "http-equiv" in e]
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        content = next(e["text"] for e in parsed.all(tag) if "id" not in e)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert [e for e in parsed.elements if "style" in e or any(k[:2] == "on" for k in e)] == []


def test_the_record_can_be_taken_out_of_it(parsed, points, tmp_path):
    (link,) = [e for e in parsed.all("a") if "download" in e]
    kind, _, data = link["href"].partition(";base64,")
    assert kind == "data:application/x-netcdf"
    file = tmp_path / link["download"]
    file.write_bytes(base64.b64decode(data))
    again = sp.load(file)
    assert np.array_equal(again.xstar, points.xstar)
    assert again.census().verdict == points.census().verdict


@pytest.mark.slow
def test_the_same_record_gives_the_same_file_in_another_process(points, trajectories, page):
    folder = page.parent
    points.save(folder / "points.nc")
    np.save(folder / "trajectories.npy", trajectories)
    code = (
        "import numpy as np, stillpoint as sp\n"
        "sp.load('points.nc').report('again.html', np.load('trajectories.npy'))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, check=True, timeout=600
    )
    assert (folder / "again.html").read_bytes() == page.read_bytes()


def test_a_page_is_small_but_for_its_data(points, trajectories):
    empty = sp.Report("Points").add(points, data=False).html()
    assert len(empty) < 60_000
    assert len(sp.Report("Points").add("A text.").html()) < 20_000


def test_every_kind_of_record_has_its_sections(records):
    report = sp.Report("Everything <b>").add("A text with < and &.", heading="First")
    for record in records.values():
        report.add(record)
    parsed = Page(report.html())
    assert parsed.all("title")[0]["text"] == "Everything <b>"
    assert "A text with < and &." in parsed.all("main")[0]["text"]
    heads = [e["text"] for e in parsed.all("h2")]
    assert heads[0] == "First"
    assert heads[-1] == "To cite"
    for head, record in zip(heads[1:], records.values(), strict=False):
        assert head == repr(record).partition("\n")[0]
    titles = [e["text"] for e in parsed.all("h3")]
    for title, times in [
        ("Portrait", 5),
        ("Eigenvalues", 3),
        ("Multipliers", 1),
        ("Drift", 1),
        ("Flow field", 1),
        ("Lyapunov exponents", 1),
    ]:
        assert titles.count(title) == times
    assert titles.count("Starts") == 2
    ids = [e["id"] for e in parsed.elements if "id" in e]
    assert len(ids) == len(set(ids))
    assert "Krawczyk" in parsed.all("main")[0]["text"]


def test_colours_along_a_scale_are_told(points, trajectories):
    report = sp.Report("Colours").add(points, trajectories, by=np.arange(9.0))
    report.add(points, np.tile(trajectories, (20, 1, 1)), trials_by=["a", "b", "c"] * 40)
    text = Page(report.html()).all("main")[0]["text"]
    assert "colour of points: value from 0 (dark) to 8" in text
    assert "40 of 120 trajectories" in text


def test_a_picture_of_part_of_the_eigenvalues_says_so(points):
    many = sp.FixedPoints.concatenate([points] * 400)
    parsed = Page(sp.Report("Many").add(many, data=False).html())
    shown = [e for e in parsed.elements if e.get("class") == "eigenvalue"]
    assert len(shown) == 3000
    captions = [e["text"] for e in parsed.all("figcaption")]
    assert any(
        "the 1 most unstable of each state, of the first 3000 of 3600" in c for c in captions
    )


def test_one_point_and_two_have_a_portrait(points):
    for rows in ([0], [0, 1]):
        parsed = Page(sp.Report("Few").add(points[rows]).html())
        (script,) = parsed.all("script", id="scenes")
        (scene,) = json.loads(script["text"])
        places = np.concatenate([marks["at"] for marks in scene["marks"]])
        assert places.shape == (len(rows), 3)
        assert np.isfinite(places).all()


def test_a_record_without_sections_of_its_own_shows_its_table(points):
    text = Page(sp.Report("Same").add(points.compare(points)).html()).all("main")[0]["text"]
    assert text.count("proof") >= len(points)


def test_records_without_rows_and_under_many_inputs_are_reported():
    system = sp.as_system(lambda x, u: np.tanh(2 * x) + u, state_size=1, input_size=1)
    inputs = np.linspace(-1, 1, 5)[:, None]
    far = sp.as_system(lambda x: x + 1, state_size=1, recognise=False)
    with pytest.warns(sp.StillpointWarning):
        nothing = sp.find_fixed_points(far, np.zeros((3, 1)))
    many = sp.find_fixed_points(
        system, np.repeat([[0.1], [-0.1]], 5, axis=0), np.tile(inputs, (2, 1))
    )
    parsed = Page(sp.Report("Two").add(nothing).add(many).html())
    assert "no fixed points" in [e["text"] for e in parsed.all("h2")]
    assert len(parsed.all("canvas")) == 1
    conditions = [e for e in parsed.all("table") if "under each input" in e["text"]]
    assert conditions[-1]["text"].count("1") >= 5


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_is_wrong_is_named_and_no_file_is_left(points, records, tmp_path):
    report = sp.Report("Points")
    for call, name in [
        (lambda: sp.Report(3), "title"),
        (lambda: report.add(3), "part"),
        (lambda: report.add(points, heading=3), "heading"),
        (lambda: report.add(points, np.zeros((2, 2, 5))), "trajectories"),
        (lambda: report.add(points, trials_by=["a"]), "trials_by"),
        (lambda: report.add(points, projection="pca"), "projection"),
        (lambda: report.add(points, data=2), "data"),
        (lambda: report.add("text", np.zeros((2, 2, 3))), "trajectories"),
        (lambda: report.add(records["field"], np.zeros((2, 2, 3))), "trajectories"),
        (lambda: report.save(tmp_path / "points.pdf"), "path"),
        (lambda: report.save(3), "path"),
        (lambda: points.report(tmp_path / "none" / "points.html"), "path"),
        (lambda: points.report(tmp_path / "points.html", title=3), "title"),
    ]:
        with pytest.raises(ArgumentError, match=rf"^{name}: "):
            call()
    assert list(tmp_path.iterdir()) == []
    assert report.html() == sp.Report("Points").html()
