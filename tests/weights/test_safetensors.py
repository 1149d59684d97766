"""Safetensors files, written here byte for byte as the format describes them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError

SHAPES = {"rnn.weight_ih_l0": [12, 3], "rnn.weight_hh_l0": [12, 4]}
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def drawn(dtype=np.float64):
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}


def raw(array, dtype):
    if dtype == "BF16":  # the upper half of a float32
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype(TYPES[dtype]).tobytes()


def written(path, arrays, dtype="F64", change=lambda header: None):
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        place = [len(content), len(content) + len(raw(array, dtype))]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": place}
        content += raw(array, dtype)
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return path


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_every_float_is_read_exactly(dtype, tmp_path):
    arrays = drawn(np.float16 if dtype == "F16" else np.float32)
    if dtype == "BF16":
        arrays = {
            name: (array.view(np.uint32) & 0xFFFF0000).view(np.float32)
            for name, array in arrays.items()
        }
    system = sp.read_weights(written(tmp_path / "net.safetensors", arrays, dtype))
    assert np.array_equal(system.dynamics.W, arrays["rnn.weight_hh_l0"].astype(float))
    assert np.array_equal(system.dynamics.B, arrays["rnn.weight_ih_l0"].astype(float))
    assert system.dynamics.W.dtype == np.float64


def test_other_types_beside_the_weights_do_no_harm(tmp_path):
    def add(header):
        header["steps"] = {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}

    path = written(tmp_path / "net.safetensors", drawn(), change=add)
    assert sp.as_system(path).state_size == 4


def entry(**changed):
    return lambda header: header["rnn.weight_hh_l0"].update(changed)


@pytest.mark.parametrize(
    "change",
    [
        entry(data_offsets=[0, 10**6]),
        entry(data_offsets=[-384, 0]),
        entry(data_offsets=[384, 0]),
        entry(data_offsets=[-392, -8]),
        entry(data_offsets=[0.0, 384.0]),
        entry(data_offsets=[0]),
        entry(data_offsets=None),
        entry(shape=[12, 5]),
        entry(shape=[-12, -4]),
        entry(shape=[10**30, 0]),
        entry(shape="12"),
        entry(shape=None),
        entry(dtype=[]),
        lambda header: header.update({"rnn.weight_hh_l0": 3}),
        lambda header: header["rnn.weight_hh_l0"].pop("shape"),
    ],
)
def test_headers_that_lie_are_refused(change, tmp_path):
    with pytest.raises(FileFormatError, match="damaged safetensors file"):
        sp.read_weights(written(tmp_path / "net.safetensors", drawn(), change=change))


@pytest.mark.parametrize("length", [9, 20, 300, -1])
def test_files_that_are_cut_off_are_refused(length, tmp_path):
    path = written(tmp_path / "net.safetensors", drawn())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileFormatError, match="damaged safetensors file"):
        sp.read_weights(path)


def test_a_header_that_nests_too_deeply_is_refused(tmp_path):
    text = b'{"a":' * 10**5
    (tmp_path / "net.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(FileFormatError, match="damaged"):
        sp.read_weights(tmp_path / "net.safetensors")


def test_nan_is_named(tmp_path):
    arrays = drawn()
    arrays["rnn.weight_hh_l0"][0, 0] = np.nan
    with pytest.raises(ArgumentError, match=r"weights: rnn\.weight_hh_l0 holds NaN"):
        sp.read_weights(written(tmp_path / "net.safetensors", arrays))
