"""Where networks are computed: a GPU where there is one, unless another device is named. The one place that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]
"""`auto`: a GPU where there is one."""


def torch_device(wanted: Device = "auto") -> torch.device:
    """The device that `wanted` stands for on this machine. Raises RuntimeError for a GPU that is not there."""
    import torch

    found = torch.cuda.is_available()
    if wanted == "cuda" and not found:
        raise RuntimeError("device 'cuda' is asked for, and torch finds no GPU here; use 'auto' or 'cpu'")
    return torch.device("cuda" if found and wanted != "cpu" else "cpu")
