"""Files that would run something: nothing of them is run, whatever they are named."""

from __future__ import annotations

import io
import os
import pickle
import resource
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import FileFormatError, StillpointError, UnsupportedModelError

WEIGHTS = {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 4)}


class Attack:
    """An object that makes a file where it is unpickled, in one of several ways."""

    def __init__(self, target: Path, way: str):
        self.target, self.way = str(target), way

    def __reduce__(self):
        return {
            "system": (os.system, (f"touch {self.target}",)),
            "eval": (eval, (f"__import__('pathlib').Path({self.target!r}).touch()",)),
            "exec": (exec, (f"import pathlib; pathlib.Path({self.target!r}).touch()",)),
            "copy": (shutil.copy, (__file__, self.target)),
            "path": (Path.touch, (Path(self.target),)),
        }[self.way]


WAYS = ("system", "eval", "exec", "copy", "path")


@pytest.mark.parametrize("way", WAYS)
def test_the_attack_works_where_nothing_holds_it_back(way, tmp_path):
    pickle.loads(pickle.dumps(Attack(tmp_path / "ran", way)))
    assert (tmp_path / "ran").exists()


@pytest.mark.torch
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("new", [True, False])
def test_a_checkpoint_runs_nothing_and_its_weights_are_read(way, new, tmp_path):
    torch = pytest.importorskip("torch")
    state = {name: torch.ones(shape) for name, shape in WEIGHTS.items()}
    held = {"a": Attack(tmp_path / "ran", way), "state": state}
    torch.save(held, tmp_path / "net.pt", _use_new_zipfile_serialization=new)
    assert sp.read_weights(tmp_path / "net.pt").state_size == 4
    assert not (tmp_path / "ran").exists()


@pytest.mark.torch
@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'touch {}'\ntR.",  # a call
        b"(S'touch {}'\nios\nsystem\n.",  # an instance, as in the first protocol
        b"(cos\nsystem\nS'touch {}'\no.",  # another one
        b"\x80\x04\x8c\x02os\x8c\x06system\x93S'touch {}'\n\x85R.",  # a name from the stack
        b"c__builtin__\ngetattr\n(cos\n__dict__\nS'get'\ntR(S'system'\ntR(S'touch {}'\ntR.",
        b"ctorch._utils\n_rebuild_tensor_v2\n}S'__code__'\ncos\nsystem\ns\x86b.",  # of a function
        b"ccollections\nOrderedDict\n)R(S'x'\ncos\nsystem\nS'touch {}'\n\x85Rs.",
    ],
)
def test_programs_written_by_hand_run_nothing(program, tmp_path):
    pytest.importorskip("torch")
    target = tmp_path / "ran"
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", program.replace(b"{}", str(target).encode()))
        archive.writestr("net/version", b"3\n")
        archive.writestr("net/byteorder", b"little")
    with pytest.raises(StillpointError):
        sp.read_weights(tmp_path / "net.pt")
    assert not target.exists()


@pytest.mark.torch
def test_a_damaged_checkpoint_does_not_take_all_memory(tmp_path):
    pytest.importorskip("torch")
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"}r\xff\xff\xff\x7fcos\nsystem\n.")  # place 2**31
        archive.writestr("net/version", b"3\n")
        archive.writestr("net/byteorder", b"little")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**34, before[1]))
    try:
        with pytest.raises(StillpointError) as caught:
            sp.read_weights(tmp_path / "net.pt")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert "Memory" not in str(caught.value)


@pytest.mark.parametrize("name", ["net.pkl", "net.pt", "net.npz", "net.safetensors"])
def test_pickles_are_refused_with_what_to_do(name, tmp_path):
    (tmp_path / name).write_bytes(pickle.dumps(Attack(tmp_path / "ran", "exec")))
    with pytest.raises(UnsupportedModelError, match=r"pickle\.load(.|\n)*torch\.save") as caught:
        sp.read_weights(tmp_path / name)
    assert "net_weights.pt" in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_objects_in_npz_files_are_left_alone(tmp_path):
    arrays = {name: np.ones(shape) for name, shape in WEIGHTS.items()}
    evil = np.array([Attack(tmp_path / "ran", "exec")], dtype=object)
    np.savez(tmp_path / "net.npz", a=evil, **arrays)
    assert sp.read_weights(tmp_path / "net.npz").state_size == 4
    np.savez(tmp_path / "net.npz", **arrays | {"weight_hh_l0": evil})
    with pytest.raises(UnsupportedModelError, match="no recurrent network"):
        sp.read_weights(tmp_path / "net.npz")
    assert not (tmp_path / "ran").exists()


@pytest.mark.torch
def test_torchscript_and_exported_programs_are_refused_with_what_to_do(tmp_path):
    torch = pytest.importorskip("torch")
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/constants.pkl", b"")
        archive.writestr("net/data.pkl", b"")
    with pytest.raises(UnsupportedModelError, match=r"TorchScript(.|\n)*torch\.jit\.load"):
        sp.read_weights(tmp_path / "net.pt")
    exported = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    content = io.BytesIO()
    torch.export.save(exported, content)
    (tmp_path / "net.pt2").write_bytes(content.getvalue())
    with pytest.raises(UnsupportedModelError, match=r"exported(.|\n)*torch\.export\.load"):
        sp.read_weights(tmp_path / "net.pt2")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"a,b\n1,2\n"])
def test_what_is_no_file_of_weights_is_a_format_error(content, tmp_path):
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"net\.pt"):
        sp.read_weights(tmp_path / "net.pt")


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        sp.as_system(tmp_path / "net.pt")
