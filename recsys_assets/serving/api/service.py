"""All that one running app holds, made once: champions, inbox, keys, limits, figures, and the threads beside them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from recsys_assets.recommenders import MODELS
from recsys_assets.serving.api import fallback as rule
from recsys_assets.serving.api.asks import Person, Rated
from recsys_assets.serving.api.champions import ChampionStore, NoChampionError, Swap
from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.deadline import Deadlines, TooBusyError, TooLateError
from recsys_assets.serving.api.fallback import Fallback
from recsys_assets.serving.api.feedback_door import FeedbackDoor
from recsys_assets.serving.api.keys import KeyRing, keys_path
from recsys_assets.serving.api.metrics import Metrics
from recsys_assets.serving.api.problems import ProblemError
from recsys_assets.serving.api.served import Served
from recsys_assets.serving.api.shadowing import Shadowing
from recsys_assets.serving.api.watcher import Every
from recsys_assets.settings import Settings

log = logging.getLogger("recsys.api")


class Service:
    """`start` before the first request, `stop` after the last."""

    def __init__(self, settings: Settings, config: ApiConfig) -> None:
        from recsys_assets.serving.api.guard import RateLimits

        self.settings, self.config = settings, config
        self.metrics = Metrics()
        self.champions = ChampionStore(
            settings, cache_bytes=config.cache_bytes, max_models=config.max_models, on_swap=self._swapped
        )
        self.deadlines = Deadlines(config.scoring_threads)
        self.loading = Deadlines(1, most_waiting=16)
        self.door = FeedbackDoor(settings)
        self.keys = KeyRing(keys_path(settings))
        self.limits = RateLimits(config.limit)
        self.shadowing = Shadowing(settings, self.metrics, share=config.shadow_share)
        self._background = (
            Every(config.poll_seconds, self.champions.refresh, name="champions"),
            Every(1.0, self.door.seal_if_old, name="inbox"),
        )

    def start(self) -> None:
        started = time.perf_counter()
        self.champions.refresh()
        for thread in self._background:
            thread.start()
        self.shadowing.start()
        ready = {served.name for served in self.champions.in_memory().values()}
        if not ready:
            log.warning("no champion yet, one is looked for every second", extra={"why": self.champions.why_none()})
        log.info("started", extra={"seconds": round(time.perf_counter() - started, 3), "champions": sorted(ready)})

    def stop(self) -> None:
        for thread in self._background:
            thread.stop()
        self.shadowing.stop()
        self.deadlines.close()
        self.loading.close()
        self.door.close()
        log.info("stopped")

    def champion(self, model: str | None) -> tuple[Served, Fallback | None]:
        """Who answers: the model named, or the default one, said to stand in where the named one cannot.

        Raises a 404 problem for what is no model at all, NoChampionError where nobody can answer.
        """
        if model is None:
            return self.champions.default, None
        found = self.champions.loaded(model)
        if found is not None:
            return found, None
        if model not in MODELS:
            there = ", ".join(self.champions.exported()) or "none"
            raise ProblemError(404, "unknown-model", f"there is no model {model!r}; champions are {there}")
        try:
            return self.loading.within(self.config.load_seconds, lambda: self.champions.load(model)), None
        except NoChampionError as error:
            why = str(error)
        except (TooLateError, TooBusyError):
            why = "it is still being loaded; ask again"
        default = self.champions.default
        self.metrics.fallbacks.labels("model_missing").inc()
        return default, rule.model_missing(model, default.model, why)

    async def champion_soon(self, model: str | None) -> tuple[Served, Fallback | None]:
        """`champion`, for an event loop: a thread waits only for one that is not in memory yet."""
        if model is None or self.champions.loaded(model) is not None:
            return self.champion(model)
        return await run_in_threadpool(self.champion, model)

    async def content(self) -> Served | None:
        """The content champion, for blends."""
        found, missing = await self.champion_soon("content")
        return None if missing else found

    def rng(self, request_id: str) -> np.random.Generator:
        """Draws that follow from the deployment's seed and the request: a list can be drawn again."""
        return np.random.default_rng([self.settings.seed, int(request_id, 16)])

    def person(
        self,
        *,
        user_id: int | None = None,
        ratings: Sequence[tuple[int, float]] = (),
        hidden: Sequence[int] = (),
        genres: Sequence[str] = (),
    ) -> Person:
        """Genres as the default champion's catalogue writes them. Raises UnknownGenreError."""
        named = self.champions.default.shelf.named(genres) if genres else ()
        return Person(user_id, tuple(Rated(*pair) for pair in ratings), frozenset(hidden), named)

    def _swapped(self, swap: Swap) -> None:
        self.metrics.swapped(swap)
        said = {"model": swap.model, "before": swap.before, "after": swap.after, "seconds": round(swap.seconds, 3)}
        if swap.error:
            log.error("champion refused", extra={**said, "why": swap.error})
            return
        log.info("champion swapped" if swap.before else "champion loaded", extra=said)
        served = self.champions.loaded(swap.model)
        if served is not None:
            self.metrics.champion_is(served.model, served.version, served.data_version)


async def service_of(request: Request) -> Service:
    """The service of the app that has the request; `async`, so that it takes no thread."""
    found: Service = request.app.state.service
    return found
