"""Where feedback lies on disk; of interest to those who write it, too, who need no warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recsys_assets.settings import Settings


@dataclass(frozen=True)
class Folders:
    """Where the batches of one data set are."""

    inbox: Path
    accepted: Path
    rejected: Path

    @property
    def compacted(self) -> Path:
        """Archives of accepted batches."""
        return self.accepted.parent / "compacted"

    @classmethod
    def of(cls, settings: Settings) -> Folders:
        root = settings.data_dir / "feedback" / settings.dataset
        return cls(root / "inbox", root / "accepted", root / "rejected")
