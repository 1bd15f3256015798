"""What became of the feedback: from files and published snapshots, without the warehouse."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import polars as pl

from recsys_assets.feedback.archives import archived_batches
from recsys_assets.feedback.batches import SUFFIXES
from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.feedback.inbox import OPEN
from recsys_assets.feedback.store import Folders
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError


@dataclass(frozen=True)
class FeedbackStatus:
    """Counts of one data set; `rejected`: batch -> reason."""

    waiting: tuple[str, ...]
    open_segments: int
    accepted_batches: int
    rejected: dict[str, str]
    events: int
    users: int
    actions: dict[str, int]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)


def feedback_status(settings: Settings) -> FeedbackStatus:
    """Look; nothing is sealed, moved or opened for it."""
    folders = Folders.of(settings)
    inbox = sorted(folders.inbox.iterdir()) if folders.inbox.exists() else []
    try:
        events = Lake(settings.lake_dir).read("feedback")
    except LakeError:
        events = pl.DataFrame(schema=EVENT_SCHEMA)
    counts = events.group_by("action").len().sort("len", descending=True)
    return FeedbackStatus(
        waiting=tuple(p.stem for p in inbox if p.suffix in SUFFIXES),
        open_segments=sum(p.suffix == OPEN for p in inbox),
        accepted_batches=len(_loose(folders) | set(archived_batches(folders.compacted))),
        rejected={
            p.name.removesuffix(".reason.txt"): p.read_text(encoding="utf-8").strip()
            for p in sorted(folders.rejected.glob("*.reason.txt"))
        },
        events=len(events),
        users=events["user_id"].n_unique(),
        actions=dict(counts.iter_rows()),
    )


def _loose(folders: Folders) -> set[str]:
    """Accepted batches that no archive holds yet."""
    return {p.stem for p in folders.accepted.iterdir() if p.suffix in SUFFIXES} if folders.accepted.exists() else set()
