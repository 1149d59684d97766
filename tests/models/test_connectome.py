"""Tables of regions and connections: what they mean, and every problem in one message."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")
from stillpoint import ArgumentError
from stillpoint.dynamics import Regions
from stillpoint.models import Connection, Connectome, InputRegion, RecurrentRegion

pytestmark = pytest.mark.torch

# Sizes that differ, a parent whose regions are not neighbours, and both kinds of sign.
SIZES = {"M1": 7, "str": 4, "PMd": 5, "thal": 3}


def motor_loop(**changed):
    """Return a loop of four regions; M1 and PMd are the cortex, with a third region between."""
    lists = {
        "recurrent_regions": [
            RecurrentRegion("M1", 7, parent_region="ctx", base_firing=0.5),
            RecurrentRegion("str", 4, "neg", init=-1.0),
            RecurrentRegion("PMd", 5, parent_region="ctx"),
            RecurrentRegion("thal", 3),
        ],
        "input_regions": [InputRegion("cue", 2), InputRegion("stop", 1, "neg")],
        "recurrent_connections": [
            Connection("M1", "PMd", 0.4),
            Connection("PMd", "M1"),
            Connection("ctx", "str", 0.25),
            Connection("str", "thal", 0.9),
            Connection("thal", "ctx", 0.5),
        ],
        "input_connections": [Connection("cue", "ctx", 0.5), Connection("stop", "str")],
    }
    return Connectome(**(lists | changed))


def as_table(connectome):
    """Return the four lists as a JSON file has them."""
    return {
        name: [dict(vars(entry)) for entry in getattr(connectome, name)]
        for name in (
            "recurrent_regions",
            "input_regions",
            "recurrent_connections",
            "input_connections",
        )
    }


def written(path, table):
    path.write_text(json.dumps(table))
    return path


# -- problems --------------------------------------------------------------------------------------

PROBLEMS = {
    "unknown source": (
        {"recurrent_connections": [Connection("M2", "PMd")]},
        r"M2->PMd comes from 'M2', which is unknown \(regions: M1, PMd, ctx, str, thal\)",
    ),
    "unknown destination": (
        {"recurrent_connections": [Connection("PMd", "M2")]},
        r"PMd->M2 goes to 'M2', which is unknown \(regions: M1, PMd, ctx, str, thal\)",
    ),
    "unknown input": (
        {"input_connections": [Connection("M1", "PMd")]},
        r"M1->PMd comes from 'M1', which is unknown \(input regions: cue, stop\)",
    ),
    "input as destination": (
        {"input_connections": [Connection("cue", "stop")]},
        r"cue->stop goes to 'stop', which is unknown",
    ),
    "bad sign": (
        {"input_regions": [InputRegion("cue", 2, "exc")]},
        "sign of 'cue' is 'exc'.*'pos'",
    ),
    "no units": ({"input_regions": [InputRegion("cue", 0)]}, "num_units of 'cue' is 0.*at least 1"),
    "all zeros": (
        {"recurrent_connections": [Connection("M1", "PMd", 1.0)]},
        r"sparsity of M1->PMd is 1.0.*\[0, 1\)",
    ),
    "negative sparsity": (
        {"recurrent_connections": [Connection("M1", "PMd", -0.1)]},
        r"sparsity of M1->PMd is -0.1",
    ),
    "not a number": (
        {"input_connections": [Connection("cue", "PMd", float("nan"))]},
        r"sparsity of cue->PMd is nan",
    ),
    "listed twice": (
        {"recurrent_connections": [Connection("M1", "PMd"), Connection("M1", "PMd", 0.5)]},
        "M1->PMd is listed twice",
    ),
    "same name twice": (
        {"input_regions": [InputRegion("cue", 1), InputRegion("cue", 2)]},
        "the name 'cue' is given to more than one region",
    ),
    "input named as a region": (
        {"input_regions": [InputRegion("cue", 1), InputRegion("stop", 1), InputRegion("M1", 1)]},
        "the name 'M1' is given to more than one region",
    ),
    "input named as a parent": (
        {"input_regions": [InputRegion("cue", 1), InputRegion("stop", 1), InputRegion("ctx", 1)]},
        "'ctx' names both a region and a parent",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_are_named(name):
    changed, message = PROBLEMS[name]
    with pytest.raises(ArgumentError, match=message):
        motor_loop(**changed)


def test_a_region_may_not_have_the_name_of_a_parent():
    with pytest.raises(ArgumentError, match="'ctx' names both a region and a parent"):
        Connectome([RecurrentRegion("ctx", 2), RecurrentRegion("M1", 2, parent_region="ctx")])


def test_all_problems_come_in_one_message():
    with pytest.raises(ArgumentError) as raised:
        Connectome(
            [RecurrentRegion("a", 2, "up"), RecurrentRegion("a", 0), RecurrentRegion("b", 1)],
            [InputRegion("in", 1, "both")],
            [Connection("a", "c"), Connection("d", "b", 1.5), Connection("d", "b")],
            [Connection("b", "a"), Connection("in", "b", -1.0)],
        )
    message = str(raised.value)
    for told in (
        "the name 'a' is given to more than one region",
        "sign of 'a' is 'up'",
        "num_units of 'a' is 0",
        "sign of 'in' is 'both'",
        "a->c goes to 'c'",
        "d->b comes from 'd'",
        "sparsity of d->b is 1.5",
        "d->b is listed twice",
        "b->a comes from 'b'",
        "sparsity of in->b is -1.0",
    ):
        assert told in message


def test_all_wrong_keys_come_in_one_message_with_the_nearest_known_ones():
    table = as_table(motor_loop())
    table["recurent_regions"] = []
    table["zebra"] = 1
    table["recurrent_regions"][1]["sgin"] = table["recurrent_regions"][1].pop("sign")
    del table["input_regions"][0]["num_units"]
    table["input_connections"][1]["destination"] = "M1"
    del table["input_connections"][1]["src_region"]
    table["recurrent_connections"][0] = ["M1", "PMd"]
    with pytest.raises(ArgumentError) as raised:
        Connectome.from_dict(table)
    message = str(raised.value)
    for told in (
        "the config has the unknown key 'recurent_regions'; did you mean 'recurrent_regions'?",
        "the config has the unknown key 'zebra'; known are recurrent_regions, input_regions",
        "recurrent_regions[1] has the unknown key 'sgin'; did you mean 'sign'?",
        "input_regions[0] lacks 'num_units'",
        "input_connections[1] has the unknown key 'destination'",
        "input_connections[1] lacks 'src_region'",
        "recurrent_connections[0] is list, not a table",
    ):
        assert told in message


# -- files -----------------------------------------------------------------------------------------


def test_a_file_gives_the_connectome_that_it_describes(tmp_path):
    connectome = motor_loop()
    again = Connectome.from_json(written(tmp_path / "loop.json", as_table(connectome)))
    assert again == connectome
    assert again.recurrent_connections[0].sparsity == 0.4
    assert again.recurrent_regions[0].parent_region == "ctx"


def test_comments_are_ignored_everywhere(tmp_path):
    connectome = motor_loop()
    table = {"__comment_regions": ["name: str"]} | as_table(connectome)
    table["__comment"] = "a loop"
    for entries in as_table(connectome):
        table[entries][0]["__comment_why"] = "anatomy"
    assert Connectome.from_json(written(tmp_path / "loop.json", table)) == connectome


def test_what_a_file_leaves_out_has_defaults(tmp_path):
    table = {"recurrent_regions": [{"name": "a", "num_units": 2}], "input_connections": []}
    region = Connectome.from_json(written(tmp_path / "small.json", table)).recurrent_regions[0]
    assert region == RecurrentRegion("a", 2, "pos", 0.0, 0.0, None, learnable_bias=False)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", None], ids=["torn", "binary", "absent"])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArgumentError, match=r"config\.json' cannot be read as JSON"):
        Connectome.from_json(path)


@pytest.mark.parametrize("content", [[], [{"name": "a"}], "regions", 3], ids=str)
def test_json_that_is_no_table_is_refused(tmp_path, content):
    with pytest.raises(ArgumentError, match=r"the config is .*not a table"):
        Connectome.from_json(written(tmp_path / "config.json", content))


# -- units -----------------------------------------------------------------------------------------


def test_units_follow_the_order_of_the_regions():
    connectome = motor_loop()
    assert (connectome.num_units, connectome.num_inputs) == (19, 3)
    regions = connectome.state_regions
    assert {name: list(regions[name]) for name in regions} == {
        "M1": [0, 1, 2, 3, 4, 5, 6],
        "str": [7, 8, 9, 10],
        "PMd": [11, 12, 13, 14, 15],
        "thal": [16, 17, 18],
    }
    assert connectome.input_channels.indices("stop", "cue").tolist() == [2, 0, 1]
    assert connectome.recurrent_signs().tolist() == [1] * 7 + [-1] * 4 + [1] * 8
    assert connectome.input_signs().tolist() == [1, 1, -1]
    assert connectome.per_unit("base_firing").tolist() == [0.5] * 7 + [0] * 12
    assert connectome.per_unit("init").tolist() == [0] * 7 + [-1] * 4 + [0] * 8


def test_indices_keep_the_order_that_is_asked_for_and_expand_parents():
    regions = motor_loop().state_regions
    assert regions.indices("thal", "str").tolist() == [16, 17, 18, 7, 8, 9, 10]
    assert regions.indices("str", "thal").tolist() == [7, 8, 9, 10, 16, 17, 18]
    cortex = [*range(7), *range(11, 16)]
    assert regions.indices("ctx").tolist() == cortex
    assert regions.indices("thal", "ctx").tolist() == [16, 17, 18, *cortex]
    assert regions.children("ctx") == ["M1", "PMd"]
    assert regions.children("M1") == ["M1"]
    assert regions.names == ["M1", "str", "PMd", "thal", "ctx"]


def test_a_unit_is_not_named_twice():
    with pytest.raises(ArgumentError, match="ctx, M1 share units"):
        motor_loop().state_regions.indices("ctx", "M1")


def test_unknown_names_are_answered_by_the_known_ones():
    with pytest.raises(ArgumentError, match=r"got 'Pmd'.*'M1', 'str'.*Did you mean 'PMd'"):
        motor_loop().state_regions.indices("M1", "Pmd")


@pytest.mark.parametrize(
    ("members", "message"),
    [({"a": [0, 4]}, "outside 0..3"), ({"a": [-1]}, "outside"), ({"a": [1, 1]}, "a unit twice")],
)
def test_regions_hold_units_that_exist(members, message):
    with pytest.raises(ArgumentError, match=message):
        Regions(4, members)


# -- masks -----------------------------------------------------------------------------------------


def blocks(connectome, mask, source_regions=None):
    """Return the part of a mask from every region (rows = to) as (to, source, block)."""
    to = connectome.state_regions
    source = to if source_regions is None else source_regions
    return [(a, b, mask[np.ix_(to.indices(a), source.indices(b))]) for a in to for b in source]


@pytest.mark.parametrize("seed", range(3))
def test_every_source_column_has_its_exact_share_of_zeros(seed):
    connectome = motor_loop()
    mask = connectome.recurrent_mask(np.random.default_rng(seed))
    assert mask.shape == (19, 19)
    assert set(np.unique(mask)) == {0.0, 1.0}
    ends = connectome.state_regions.indices
    # 2 of PMd's 5 units, 1 of str's 4, 3 of thal's 3 (2.7 rounded), 6 of cortex's 12
    for to, source, zeros in (("PMd", "M1", 2), ("str", "ctx", 1), ("thal", "str", 3)):
        block = mask[np.ix_(ends(to), ends(source))]
        np.testing.assert_array_equal((block == 0).sum(axis=0), zeros)
    block = mask[np.ix_(ends("ctx"), ends("thal"))]
    np.testing.assert_array_equal((block == 0).sum(axis=0), 6)
    np.testing.assert_array_equal(mask[np.ix_(ends("M1"), ends("PMd"))], 1)


def test_rows_are_destinations_and_columns_are_sources():
    """One projection, M1 to PMd: 5 rows of PMd in 7 columns of M1, and nothing else."""
    connectome = motor_loop(recurrent_connections=[Connection("M1", "PMd")])
    expected = np.zeros((19, 19))
    expected[11:16, 0:7] = 1
    np.testing.assert_array_equal(connectome.recurrent_mask(), expected)
    expected = np.zeros((19, 3))
    expected[[*range(7), *range(11, 16)], :2] = 1
    expected[7:11, 2] = 1
    np.testing.assert_array_equal(connectome.input_mask(), expected)


def test_pairs_that_are_not_listed_are_zero_blocks():
    connectome = motor_loop()
    listed = {(c.dst_region, c.src_region) for c in connectome.recurrent_connections}
    listed |= {("str", "M1"), ("str", "PMd"), ("M1", "thal"), ("PMd", "thal")}
    for to, source, block in blocks(connectome, connectome.recurrent_mask()):
        assert block.any() == ((to, source) in listed), (to, source)
    listed = {("M1", "cue"), ("PMd", "cue"), ("str", "stop")}
    for to, source, block in blocks(connectome, connectome.input_mask(), connectome.input_channels):
        assert block.any() == ((to, source) in listed), (to, source)


def test_a_parent_stands_for_its_regions_in_connections():
    """ctx to ctx is all four blocks among M1 and PMd, with one share of zeros in each column."""
    cortical = motor_loop(recurrent_connections=[Connection("ctx", "ctx", 0.75)])
    whole = motor_loop(
        recurrent_connections=[Connection(a, b) for a in ("M1", "PMd") for b in ("M1", "PMd")]
    )
    np.testing.assert_array_equal(cortical.recurrent_mask(), whole.recurrent_mask())
    sparse = cortical.recurrent_mask(np.random.default_rng(0))
    cortex = cortical.state_regions.indices("ctx")
    np.testing.assert_array_equal(sparse[np.ix_(cortex, cortex)].sum(axis=0), 3)
    assert sparse.sum() == 3 * len(cortex)


def test_masks_depend_on_the_generator_alone():
    draw = lambda seed: motor_loop().recurrent_mask(np.random.default_rng(seed))  # noqa: E731
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(draw(3), draw(3))
    assert not np.array_equal(draw(3), draw(4))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


# -- lesions ---------------------------------------------------------------------------------------


def cut(connectome, *lesions):
    for lesion in lesions:
        connectome = connectome.without(lesion)
    return connectome


@pytest.mark.parametrize("region", [*SIZES, "ctx"])
def test_a_lesioned_region_keeps_its_units_and_loses_what_it_sends_and_gets(region):
    connectome = motor_loop()
    lesioned = connectome.without(region)
    units = connectome.state_regions.indices(region)
    expected, inputs = connectome.recurrent_mask(), connectome.input_mask()
    expected[units], expected[:, units], inputs[units] = 0, 0, 0
    np.testing.assert_array_equal(lesioned.recurrent_mask(), expected)
    np.testing.assert_array_equal(lesioned.input_mask(), inputs)
    assert lesioned.recurrent_regions == connectome.recurrent_regions
    assert connectome == motor_loop()


@pytest.mark.parametrize("lesion", ["M1->PMd", "ctx->str", "M1->str", "thal->PMd", "ctx->ctx"])
def test_a_lesioned_projection_is_one_zero_block(lesion):
    connectome = motor_loop()
    source, to = lesion.split("->")
    expected = connectome.recurrent_mask()
    regions = connectome.state_regions
    expected[np.ix_(regions.indices(to), regions.indices(source))] = 0
    lesioned = connectome.without(lesion)
    np.testing.assert_array_equal(lesioned.recurrent_mask(), expected)
    np.testing.assert_array_equal(lesioned.input_mask(), connectome.input_mask())
    assert connectome == motor_loop()


def test_an_input_projection_can_be_cut():
    connectome = motor_loop()
    lesioned = connectome.without("cue->PMd")
    expected = connectome.input_mask()
    expected[11:16] = 0
    np.testing.assert_array_equal(lesioned.input_mask(), expected)
    np.testing.assert_array_equal(lesioned.recurrent_mask(), connectome.recurrent_mask())


def test_lesions_add_up_and_cannot_be_repeated():
    once = cut(motor_loop(), "M1->PMd")
    twice = cut(once, "PMd->M1")
    assert twice.recurrent_mask().sum() == motor_loop().recurrent_mask().sum() - 2 * 35
    with pytest.raises(ArgumentError, match=r"nothing to cut at 'M1->PMd'.*PMd->M1.*cue->M1"):
        once.without("M1->PMd")


@pytest.mark.parametrize("lesion", ["M2", "M1->M2", "M2->M1", "cue->M2"])
def test_a_lesion_of_an_unknown_region_is_answered_by_the_known_ones(lesion):
    with pytest.raises(ArgumentError, match=r"'M2'.*'PMd'"):
        motor_loop().without(lesion)
