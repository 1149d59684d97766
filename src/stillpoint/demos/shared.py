"""What the demos share: networks trained on the spot, and figures in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.files import write_atomically
from ..frameworks.base import adapter
from ..tasks import ReadoutNetwork, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def trained_now(task: Task, cell: Any, path: Path, **options: Any) -> tuple[ReadoutNetwork, str]:
    """Return a network trained on a task, with its weights in a file; and where it is from."""
    adapter("torch")  # a clear error where it is missing
    from ..tasks.training import train

    network = train(task, cell, **options).as_network()
    network.save(path)
    return network, f"trained now, weights in {path}"


def save_figure(figure: Figure, path: Path, dpi: int) -> Path:
    """Save a figure with narrow margins."""
    return write_atomically(
        path, lambda file: figure.savefig(file, dpi=dpi, bbox_inches="tight", pad_inches=0.15)
    )
