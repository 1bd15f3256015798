"""Challengers are asked what live requests ask, after the answer has gone out (`serving.shadow` writes down both).

One thread, a short queue and a share of the time it may take: people never wait for it. What does not fit is not
scored, which leaves a sample of requests, not a wrong figure.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_assets.recommenders import Recommender, load_model
from recsys_assets.registry.export import challengers
from recsys_assets.serving.api.asks import Person
from recsys_assets.serving.api.metrics import Metrics
from recsys_assets.serving.api.served import Served, Stamp
from recsys_assets.serving.shadow import Shadow, shadow_folder
from recsys_assets.settings import Settings

log = logging.getLogger("recsys.api")
WAITING = 16
LOOK_SECONDS = 5.0


@dataclass(frozen=True)
class _Request:
    served: Served
    person: Person
    k: int
    request_id: str


class Shadowing:
    """Asks the challenger of a champion, where there is one."""

    def __init__(self, settings: Settings, metrics: Metrics, *, share: float) -> None:
        self.settings, self.metrics, self.share = settings, metrics, share
        self._queue: queue.Queue[_Request | None] = queue.Queue(WAITING)
        self._challengers: dict[str, Path] = {}
        self._loaded: dict[Stamp, Recommender] = {}
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._looked = -LOOK_SECONDS

    def start(self) -> None:
        if self.share > 0:
            self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.share = 0
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                self._queue.get_nowait()
                self._queue.put_nowait(None)
            self._thread.join(timeout=10)

    def version_beside(self, model: str) -> int | None:
        path = self._current().get(model)
        return int(path.name) if path is not None else None

    def offer(self, served: Served, person: Person, k: int, request_id: str) -> None:
        """Returns at once."""
        if self.share <= 0 or served.model not in self._current():
            return
        try:
            self._queue.put_nowait(_Request(served, person, k, request_id))
        except queue.Full:
            self.metrics.shadow.labels("left out").inc()

    def _current(self) -> dict[str, Path]:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._challengers = challengers(self.settings)
        return self._challengers

    def _run(self) -> None:
        while (asked := self._queue.get()) is not None:
            started = time.monotonic()
            try:
                outcome = self._ask(asked)
            except Exception:  # nobody waits for it; the next request may do better
                log.exception("shadow failed", extra={"model": asked.served.name})
                outcome = "failed"
            self.metrics.shadow.labels(outcome).inc()
            share = self.share
            if 0 < share < 1:
                time.sleep((time.monotonic() - started) * (1 - share) / share)

    def _ask(self, asked: _Request) -> str:
        path = self._current().get(asked.served.model)
        if path is None:
            return "left out"
        challenger = self._challenger(path)
        log_path = shadow_folder(self.settings) / f"{asked.served.model}.ndjson"
        shadow = Shadow(
            asked.served.model, asked.served.recommender, asked.served.version, challenger, int(path.name), log_path
        )
        if asked.person.ratings or asked.person.user_id is None:
            ratings = {r.movie_id: r.stars for r in asked.person.ratings}
            frame = pl.DataFrame(
                {"movie_id": list(ratings), "rating": list(ratings.values())},
                schema={"movie_id": pl.Int64, "rating": pl.Float32},
            )
            found = shadow.newcomer(frame, asked.k, request_id=asked.request_id)
        else:
            found = shadow.request(asked.person.user_id, asked.k, request_id=asked.request_id)
        return "failed" if found.error else "scored"

    def _challenger(self, path: Path) -> Recommender:
        stamp = Stamp.of(path)
        if stamp not in self._loaded:
            model = path.parent.name
            self._loaded = {s: m for s, m in self._loaded.items() if s.path.parent.name != model}
            self._loaded[stamp] = load_model(path)
        return self._loaded[stamp]
