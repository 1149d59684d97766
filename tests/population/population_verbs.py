"""What workers of the tests do, at the top level of a module so that other processes find it."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import numpy as np

import stillpoint as sp


def cell(gain, size=2, phi="tanh"):
    return sp.cells.VanillaCell(gain * np.eye(size), np.zeros((size, 0)), np.zeros(size), phi)


def systems(*gains, size=2):
    return {f"gain {gain}": sp.as_system(cell(gain, size)) for gain in gains}


def makers(*gains):
    return {f"gain {gain}": partial(cell, gain) for gain in gains}


def note(log, what):
    """Add a line to a file, in one piece."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{what}\n".encode())
    os.close(handle)


def notes(log):
    return Path(log).read_text().split() if Path(log).exists() else []


def gain_of(system):
    return float(system.dynamics.W[0, 0])


def find(system, log, seed=0):
    note(log, gain_of(system))
    return sp.find_fixed_points(system, np.random.default_rng(seed).normal(size=(64, 2)), rounds=0)


def find_unless_large(system, log):
    if gain_of(system) > 2.5:
        raise RuntimeError("it is too large\nby far")
    return find(system, log)


def find_or_die(system, log, marker):
    """End the worker where the marker is not there yet."""
    if gain_of(system) == 2.0 and not Path(marker).exists():
        Path(marker).touch()
        os._exit(1)
    return find(system, log)


def find_or_be_killed(system, log, markers):
    """Kill the worker by its own pid, once for some of the networks."""
    gain = gain_of(system)
    marker = Path(markers) / str(gain)
    if round(100 * gain) % 16 == 0 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return find(system, log)


def find_until_interrupted(system, log, marker):
    """Be interrupted once, as by Ctrl-C."""
    if gain_of(system) == 2.0 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGINT)
    return find(system, log)


def find_and_swallow(system, log, marker):
    """Be interrupted once, and return what there is, as searches do."""
    try:
        return find_until_interrupted(system, log, marker)
    except KeyboardInterrupt:
        return find(system, log)
