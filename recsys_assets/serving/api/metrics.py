"""Figures for Prometheus, in a registry of the app's own: several apps of one process do not mix.

Labels are few and bounded: a route's template and never its path, a model's name and never a user. Several workers keep
their figures in files of one folder (`FOLDER`; `prometheus_client.multiprocess`), and whichever is asked answers for
all of them: counts and times are sums, also over workers that have ended. Memory and garbage collection are told by
one worker alone, so with several they are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector

from recsys_assets.serving.api.champions import Swap

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable of `prometheus_client`, which looks at it when it is imported."""

disable_created_metrics()  # a second series for each, which nobody asks for


@contextmanager
def figures_of_workers() -> Iterator[None]:
    """Processes that are started in here count together."""
    with TemporaryDirectory(prefix="recsys-figures-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


class Metrics:
    """What one app counts."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        ProcessCollector(registry=r)
        GCCollector(registry=r)
        self.requests = Counter("recsys_requests", "Requests answered", ("method", "route", "status"), registry=r)
        self.seconds = Histogram(
            "recsys_request_seconds", "From the first byte in to the last out", ("route",), buckets=SECONDS, registry=r
        )
        self.in_progress = Gauge(
            "recsys_requests_in_progress", "Requests being answered", registry=r, multiprocess_mode="livesum"
        )
        self.scoring = Histogram(
            "recsys_scoring_seconds", "A model's answer, waiting included", ("model",), buckets=SECONDS, registry=r
        )
        self.fallbacks = Counter("recsys_fallbacks", "Answers that fell back", ("kind",), registry=r)
        self.champion = Gauge(
            "recsys_champion_info",
            "1 for champions in memory",
            ("model", "version", "data_version"),
            registry=r,
            multiprocess_mode="livemax",
        )
        self.swaps = Counter("recsys_swaps", "Champions brought into memory", ("model", "outcome"), registry=r)
        self.events = Counter("recsys_feedback_events", "Feedback events", ("outcome",), registry=r)
        self.refused = Counter("recsys_refused", "Requests refused at the door", ("why",), registry=r)
        self.shadow = Counter("recsys_shadow_requests", "Requests for challengers", ("outcome",), registry=r)

    def scored(self, model: str, seconds: float, failed: str) -> None:
        self.scoring.labels(model).observe(seconds)
        if failed:
            self.fallbacks.labels(failed).inc()

    def swapped(self, swap: Swap) -> None:
        self.swaps.labels(swap.model, "refused" if swap.error else "loaded").inc()

    def champion_is(self, model: str, version: int, data_version: str) -> None:
        """Any other version of the model is none any more: its series ends, or is 0 where workers share files."""
        now = (model, str(version), data_version)
        for labels in [labels for labels in list(self.champion._metrics) if labels[0] == model and labels != now]:
            if FOLDER in os.environ:
                self.champion.labels(*labels).set(0)
            else:
                self.champion.remove(*labels)
        self.champion.labels(*now).set(1)

    def page(self) -> bytes:
        folder = os.environ.get(FOLDER)
        if folder is None:
            return generate_latest(self.registry)
        forget_the_dead(Path(folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, path=folder)
        return generate_latest(together)


def forget_the_dead(folder: Path) -> None:
    """What workers that were killed were just doing is not being done any more; what they counted stays counted."""
    for pid in {int(path.stem.rsplit("_", 1)[1]) for path in folder.glob("gauge_live*.db")}:
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, str(folder))
