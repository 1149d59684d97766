"""Files that are whole or not there, whatever fails, whoever else writes, and who may read them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stillpoint import ArgumentError
from stillpoint._core.files import write_atomically

posix = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")


def put(path, text):
    return write_atomically(path, lambda file: file.write_text(text))


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def python(script, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


# -- whole or not there ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("before", [["note.txt"], []], ids=["old", "new"])
def test_a_failing_write_leaves_what_was_there(error, before, tmp_path):
    for name in before:
        put(tmp_path / name, "old")

    def half(file):
        file.write_text("ha")
        raise error

    with pytest.raises(type(error)):
        write_atomically(tmp_path / "note.txt", half)
    assert names(tmp_path) == before
    assert all((tmp_path / name).read_text() == "old" for name in before)


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path):
    path, seen = put(tmp_path / "note.txt", "old"), []

    def write(temporary):
        temporary.write_text("ne")
        seen.append(path.read_text())
        temporary.write_text("new")
        seen.append(path.read_text())

    assert write_atomically(path, write) == path
    assert seen == ["old", "old"]
    assert path.read_text() == "new"


FULL_DISK = """
    import resource, signal, sys
    import numpy as np, stillpoint as sp
    system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=4)
    points = sp.find_fixed_points(system, np.random.default_rng(0).standard_normal((2000, 4)))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
    try:
        points.save(sys.argv[1])
    except OSError as error:
        print(type(error).__name__, error.errno)
"""


@posix
def test_a_full_disk_is_an_error_and_nothing_else(tmp_path):
    path = put(tmp_path / "points.nc", "old")
    ended = python(FULL_DISK, path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "OSError 27\n", "")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["points.nc"]


# -- what a killed process leaves ------------------------------------------------------------------


KILLED = """
    import os, signal, sys
    from stillpoint._core.files import write_atomically
    def write(file):
        file.write_text("ha")
        print("writing", flush=True)
        signal.pause()
    write_atomically(sys.argv[1], write)
"""


def writing(path):
    """Start a process that has begun to write, and does not end."""
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    return process


def end(process):
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    process.stdout.close()


@posix
def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path):
    path = put(tmp_path / "note.txt", "old")
    end(writing(path))
    assert len(names(tmp_path)) == 2
    assert path.read_text() == "old"
    put(tmp_path / "other.txt", "other")  # which is none of its business
    assert len(names(tmp_path)) == 3
    put(path, "new")
    assert names(tmp_path) == ["note.txt", "other.txt"]


@posix
def test_what_a_living_process_writes_stays(tmp_path):
    process = writing(tmp_path / "note.txt")
    try:
        (unfinished,) = names(tmp_path)
        put(tmp_path / "note.txt", "new")
        assert names(tmp_path) == [unfinished, "note.txt"]
    finally:
        end(process)


def test_files_of_the_user_are_not_swept(tmp_path):
    for name in (".note-old.txt", ".unfinished-mine.txt", "note.txt~", ".note.txt.swp"):
        (tmp_path / name).write_text("mine")
    put(tmp_path / "note.txt", "new")
    assert len(names(tmp_path)) == 5


# -- several at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("several", [1, 16], ids=["one path", "several paths"])
def test_threads_may_write_at_once(several, tmp_path):
    ready = threading.Barrier(16)

    def write(k):
        ready.wait(timeout=60)
        for _ in range(25):
            path = put(tmp_path / f"{k % several}.txt", f"{k}" * 1000)
            assert len(set(path.read_text())) <= 2  # one writer's, whole

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    assert names(tmp_path) == sorted(f"{k}.txt" for k in range(several))
    assert {file.stat().st_size for file in tmp_path.iterdir()} <= {1000, 2000}


@posix
def test_a_sweep_between_making_and_locking_does_no_harm(tmp_path, monkeypatch):
    """The temporary file is unlinked before it is locked; another one is made."""
    fcntl = pytest.importorskip("fcntl")
    own, swept = fcntl.flock, []

    def flock(handle, how):
        if not swept:
            swept.extend(names(tmp_path))
            (tmp_path / swept[0]).unlink()
        own(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert put(tmp_path / "note.txt", "new").read_text() == "new"
    assert names(tmp_path) == ["note.txt"]
    assert len(swept) == 1


# -- permissions, links, names ---------------------------------------------------------------------


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_any_new_file(mask, tmp_path):
    before = os.umask(mask)
    try:
        (tmp_path / "plain.txt").write_text("")
        path = put(tmp_path / "note.txt", "new")
    finally:
        os.umask(before)
    assert path.stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_the_umask_of_all_threads_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("the umask was changed"))
    put(tmp_path / "note.txt", "new")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_a_file_that_is_replaced_keeps_its_permissions(mode, tmp_path):
    path, seen = put(tmp_path / "note.txt", "old"), []
    path.chmod(mode)

    def write(file):
        file.write_text("new")
        seen.append(file.stat().st_mode & 0o077)

    write_atomically(path, write)
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == mode
    assert seen == [0]  # private while it is written


@posix
@pytest.mark.parametrize("relative", [True, False])
def test_a_symbolic_link_stays_and_what_it_names_is_replaced(relative, tmp_path):
    (tmp_path / "data").mkdir()
    target = put(tmp_path / "data" / "note.txt", "old")
    link = tmp_path / "link.txt"
    link.symlink_to("data/note.txt" if relative else target)
    assert put(link, "new") == link
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert names(tmp_path) == ["data", "link.txt"]
    assert names(tmp_path / "data") == ["note.txt"]


@posix
def test_a_link_to_nothing_makes_what_it_names(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to("note.txt")
    put(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "note.txt").read_text() == "new"


@pytest.mark.parametrize("name", ["a" * 251 + ".txt", "[note]*?.txt", "größe.txt", ".txt"])
def test_any_name_that_a_file_can_have_will_do(name, tmp_path):
    put(tmp_path / name, "old")
    assert put(tmp_path / name, "new").read_text() == "new"
    assert names(tmp_path) == [name]


def test_names_may_be_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert put("note.txt", "new") == Path("note.txt")
    assert names(tmp_path) == ["note.txt"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "note.txt").mkdir()
    for path in (tmp_path / "note.txt", tmp_path, "/"):
        with pytest.raises(ArgumentError, match=r"path: .* is a folder; name a file in it"):
            put(path, "new")
    assert names(tmp_path) == ["note.txt"]


@posix
def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", "/dev/null"):
        with pytest.raises(ArgumentError, match=r"path: .* is a device or a pipe"):
            put(path, "new")
    assert names(tmp_path) == ["pipe.txt"]
