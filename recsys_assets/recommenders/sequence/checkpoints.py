"""The state of a fit on disk, so that a killed one goes on where it was.

Read as tensors and numbers only: a file that holds code is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recsys_assets.loading.sequences import Sequences


@dataclass(frozen=True)
class Checkpoint:
    """One file, written aside and renamed into place."""

    path: Path

    def save(self, state: dict[str, Any]) -> None:
        import torch

        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(f".{os.getpid()}.tmp")
        torch.save(state, aside)
        os.replace(aside, self.path)

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None where nothing was."""
        import torch

        if not self.path.exists():
            return None
        state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        return state

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


def fingerprint(sequences: Sequences, settings: dict[str, Any]) -> str:
    """Of the data and the settings of a fit: a checkpoint of another fit is never taken up."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for column in (sequences.indptr, sequences.items, sequences.ratings, sequences.times):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]
