"""Where networks are computed: a GPU where there is one, unless another device is named. The one place that decides.

On a GPU the same seed gives the same network: PyTorch's deterministic algorithms are on while one is trained, and
cuBLAS and cuDNN's recurrent layers are given the workspace without which their sums depend on how threads meet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]
"""What may be asked for; auto: a GPU where there is one."""
WORKSPACE = ":4096:8"
"""Of cuBLAS: buffers of fixed number and size (24 MiB). Read by it when it is first used."""


def torch_device(wanted: Device = "auto") -> torch.device:
    """The device that `wanted` stands for on this machine. Raises RuntimeError for a GPU that is not there."""
    import torch

    found = torch.cuda.is_available()
    if wanted == "cuda" and not found:
        raise RuntimeError("device 'cuda' is asked for, and torch finds no GPU here; use 'auto' or 'cpu'")
    if found and wanted != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", WORKSPACE)
        return torch.device("cuda")
    return torch.device("cpu")


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """The same numbers every time: on a GPU by algorithms that are deterministic; a CPU's are.

    An operation that has none warns and goes on.
    """
    import torch

    if device.type != "cuda":
        yield
        return
    was, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[assignment]  # nothing reads it unwritten
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warned)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[assignment]
