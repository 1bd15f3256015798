"""The asset graph as Dagster tells it over HTTP: each stage's assets, their state, what ran last; nothing is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from recsys_assets.serving.app.markup import Tone

PATIENCE = 6.0
"""Seconds that Dagster has to answer; it reads its whole event log for it."""
RUNS = 8
QUERY = """query App($runs: Int!) {
  assetNodes {
    assetKey { path } groupName description kinds dependencyKeys { path } staleStatus
    assetMaterializations(limit: 1) { timestamp runId }
    assetChecksOrError(limit: 100) {
      ... on AssetChecks { checks { name executionForLatestMaterialization { status } } }
    }
  }
  runsOrError(limit: $runs) { __typename ... on Runs { results { runId status jobName startTime endTime } } }
}"""
State = Literal["fresh", "stale", "missing", "failed"]
TONES: dict[State, Tone] = {"fresh": "good", "stale": "warn", "missing": "idle", "failed": "bad"}
WORDS: dict[State, str] = {
    "fresh": "up to date",
    "stale": "something above it is newer",
    "missing": "never materialized",
    "failed": "a check failed",
}
RUN_TONES: dict[str, Tone] = {"SUCCESS": "good", "FAILURE": "bad", "CANCELED": "warn"}
RUNNING = ("STARTED", "STARTING", "QUEUED", "NOT_STARTED", "CANCELING")


class NoDagsterError(Exception):
    """Dagster's web UI does not answer, or not as it should; the message says what came."""


@dataclass(frozen=True)
class Asset:
    name: str
    group: str
    description: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    state: State
    materialized_at: datetime | None
    checks: int
    failed_checks: tuple[str, ...]

    def page(self, address: str) -> str:
        return f"{address.rstrip('/')}/assets/{self.name}"


@dataclass(frozen=True)
class Stage:
    """A group of assets."""

    name: str
    depth: int
    """How many stages stand above it."""
    assets: tuple[Asset, ...]
    needs: tuple[str, ...]
    """Other stages that its assets read."""

    @property
    def counts(self) -> dict[State, int]:
        return dict(Counter(a.state for a in self.assets))

    @property
    def state(self) -> State:
        """The worst of its assets: broken, then stale, then missing."""
        found = self.counts
        return next((s for s in ("failed", "stale", "missing") if s in found), "fresh")

    @property
    def words(self) -> str:
        of = len(self.assets)
        return f"{self.counts.get('fresh', 0)} of {of} up to date" if self.state != "fresh" else f"all {of} up to date"


@dataclass(frozen=True)
class RunLine:
    run_id: str
    job: str
    status: str
    started_at: datetime | None
    seconds: float | None

    @property
    def tone(self) -> Tone:
        return "idle" if self.status in RUNNING else RUN_TONES.get(self.status, "idle")

    def page(self, address: str) -> str:
        return f"{address.rstrip('/')}/runs/{self.run_id}"


@dataclass(frozen=True)
class Graph:
    stages: tuple[Stage, ...]
    """In the order of the data."""
    runs: tuple[RunLine, ...]
    """Newest first."""

    @property
    def assets(self) -> list[Asset]:
        return [asset for stage in self.stages for asset in stage.assets]


def graph(address: str) -> Graph:
    """Ask Dagster. Raises NoDagsterError."""
    try:
        answer = httpx.post(
            f"{address.rstrip('/')}/graphql",
            json={"query": QUERY, "variables": {"runs": RUNS}},
            timeout=PATIENCE,
            trust_env=False,
        )
        document = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NoDagsterError(f"{address} does not answer: {error}") from error
    data = document.get("data") if isinstance(document, dict) else None
    if not data or document.get("errors"):
        raise NoDagsterError(f"{address} answers, but not with the asset graph: {str(document)[:300]}")
    return graph_of(data)


def graph_of(data: Mapping[str, Any]) -> Graph:
    """From the answer's `data`."""
    assets = [_asset(node) for node in data["assetNodes"]]
    runs = data["runsOrError"].get("results", ())
    return Graph(_stages(assets), tuple(_run(run) for run in runs))


def _asset(node: Mapping[str, Any]) -> Asset:
    last = next(iter(node["assetMaterializations"]), None)
    checks = (node["assetChecksOrError"] or {}).get("checks") or ()
    failed = tuple(
        c["name"] for c in checks if (c["executionForLatestMaterialization"] or {}).get("status") == "FAILED"
    )
    if failed:
        state: State = "failed"
    elif last is None:
        state = "missing"
    else:
        state = "stale" if node["staleStatus"] == "STALE" else "fresh"
    return Asset(
        name="/".join(node["assetKey"]["path"]),
        group=node["groupName"] or "default",
        description=(node["description"] or "").split("\n")[0],
        kinds=tuple(node["kinds"] or ()),
        needs=tuple("/".join(key["path"]) for key in node["dependencyKeys"]),
        state=state,
        materialized_at=datetime.fromtimestamp(int(last["timestamp"]) / 1000, UTC) if last else None,
        checks=len(checks),
        failed_checks=failed,
    )


def _stages(assets: Sequence[Asset]) -> tuple[Stage, ...]:
    """Groups, each below those that it reads; a mutual dependency ends where it was met first."""
    group_of = {a.name: a.group for a in assets}
    needs: dict[str, set[str]] = {}
    for asset in assets:
        above = {group_of[n] for n in asset.needs if n in group_of}
        needs.setdefault(asset.group, set()).update(above - {asset.group})
    depths: dict[str, int] = {}

    def depth(group: str, path: tuple[str, ...]) -> int:
        if group not in depths:
            above = [depth(n, (*path, group)) for n in sorted(needs[group]) if n not in path]
            depths[group] = 1 + max(above, default=-1)
        return depths[group]

    ordered = sorted(needs, key=lambda g: (depth(g, ()), g))
    return tuple(
        Stage(
            g,
            depths[g],
            tuple(sorted((a for a in assets if a.group == g), key=lambda a: a.name)),
            tuple(sorted(needs[g])),
        )
        for g in ordered
    )


def _run(run: Mapping[str, Any]) -> RunLine:
    start, end = run["startTime"], run["endTime"]
    return RunLine(
        run["runId"],
        "selected assets" if run["jobName"] == "__ASSET_JOB" else run["jobName"],
        run["status"],
        datetime.fromtimestamp(start, UTC) if start else None,
        end - start if start and end else None,
    )
