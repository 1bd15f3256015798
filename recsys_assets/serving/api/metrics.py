"""Figures for Prometheus, in a registry of the app's own: several apps of one process do not mix.

Labels are few and bounded: a route's template and never its path, a model's name and never a user. With several worker
processes each has figures of its own.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from recsys_assets.serving.api.champions import Swap

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # a second series for each, which nobody asks for


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
        self.in_progress = Gauge("recsys_requests_in_progress", "Requests being answered", registry=r)
        self.scoring = Histogram(
            "recsys_scoring_seconds", "A model's answer, waiting included", ("model",), buckets=SECONDS, registry=r
        )
        self.fallbacks = Counter("recsys_fallbacks", "Answers that fell back", ("kind",), registry=r)
        self.champion = Gauge(
            "recsys_champion_info", "1 for champions in memory", ("model", "version", "data_version"), registry=r
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

    def page(self) -> bytes:
        return generate_latest(self.registry)
