"""What became of the feedback: from files and published snapshots, without the warehouse."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import polars as pl

from recsys_assets.feedback.archives import archived_batches
from recsys_assets.feedback.batches import SUFFIXES
from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.feedback.folders import Folders
from recsys_assets.feedback.inbox import OPEN
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError


@dataclass(frozen=True)
class FeedbackFiles:
    """Batches of one data set by where they are; `rejected`: batch -> reason."""

    waiting: tuple[str, ...]
    open_segments: int
    accepted_batches: int
    rejected: dict[str, str]


@dataclass(frozen=True)
class FeedbackStatus(FeedbackFiles):
    """And what was taken of them."""

    events: int
    users: int
    actions: dict[str, int]
    texts: dict[str, int]
    """Texts that were read, by label."""
    conflicts: tuple[str, ...]
    """Events whose text says the opposite of what their writer stated."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)


def feedback_status(settings: Settings) -> FeedbackStatus:
    """Look; nothing is sealed, moved or opened for it."""
    events = _published(settings, "feedback", EVENT_SCHEMA)
    texts = _published(
        settings, "feedback_texts", {"event_id": pl.String(), "label": pl.String(), "conflict": pl.Boolean()}
    )
    counts = events.group_by("action").len().sort("len", descending=True)
    return FeedbackStatus(
        **vars(feedback_files(settings)),
        events=len(events),
        users=events["user_id"].n_unique(),
        actions=dict(counts.iter_rows()),
        texts=dict(texts.group_by("label").len().sort("len", descending=True).iter_rows()),
        conflicts=tuple(texts.filter("conflict")["event_id"]),
    )


def feedback_files(settings: Settings) -> FeedbackFiles:
    """What a look at the folders says."""
    folders = Folders.of(settings)
    inbox = sorted(folders.inbox.iterdir()) if folders.inbox.exists() else []
    return FeedbackFiles(
        waiting=tuple(p.stem for p in inbox if p.suffix in SUFFIXES),
        open_segments=sum(p.suffix == OPEN for p in inbox),
        accepted_batches=len(_loose(folders) | set(archived_batches(folders.compacted))),
        rejected={
            p.name.removesuffix(".reason.txt"): p.read_text(encoding="utf-8").strip()
            for p in sorted(folders.rejected.glob("*.reason.txt"))
        },
    )


def _loose(folders: Folders) -> set[str]:
    """Accepted batches that no archive holds yet."""
    return {p.stem for p in folders.accepted.iterdir() if p.suffix in SUFFIXES} if folders.accepted.exists() else set()


def _published(settings: Settings, table: str, empty: dict[str, pl.DataType]) -> pl.DataFrame:
    try:
        return Lake(settings.lake_dir).read(table)
    except LakeError:
        return pl.DataFrame(schema=empty)
