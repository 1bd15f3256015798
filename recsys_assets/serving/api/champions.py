"""Champions by name, and the swap: load beside, try, then one assignment; a request keeps what it began with.

What is loaded is one immutable `Loaded`, replaced whole. Requests read the reference and nothing else: no lock, so no
request waits for a load, and none sees half of a swap. Old models go when the last request that holds them has ended.

A champion is exported as a link that is moved in one step (`registry.export`), so looking is resolving links and one
`stat`. An export that does not load or fails its self-test is left alone until it changes, or for a while where the
machine is at fault (`refusals`); the one before it answers.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from recsys_assets.recommenders import ModelError
from recsys_assets.serving.api.refusals import Refusals
from recsys_assets.serving.api.served import SelfTestError, Served, Stamp, load
from recsys_assets.serving.api.shelf import Shelf
from recsys_assets.settings import Settings

log = logging.getLogger("recsys.api")
LOAD_ERRORS = (ModelError, SelfTestError, OSError, ValueError, KeyError, ImportError, MemoryError)


class NoChampionError(LookupError):
    """No champion of that name can answer; the message says why."""


@dataclass(frozen=True)
class Swap:
    """One look's outcome for one model; `error` where the newer export was refused."""

    model: str
    before: int | None
    after: int
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Loaded:
    """What requests see."""

    champions: Mapping[str, Served] = field(default_factory=dict)
    default: str = ""


class ChampionStore:
    """Champions of one data set. `refresh` is called by one thread; the rest by any."""

    def __init__(
        self,
        settings: Settings,
        *,
        cache_bytes: int = 64 << 20,
        max_models: int = 8,
        on_swap: Callable[[Swap], None] = lambda _: None,
    ) -> None:
        self.settings, self.cache_bytes, self.max_models, self.on_swap = settings, cache_bytes, max_models, on_swap
        self._loaded = Loaded()
        self._changing = threading.Lock()
        self.refusals = Refusals()
        self._shelves: dict[str, Shelf] = {}
        self._used: dict[str, float] = {}

    # -- what requests ask ---------------------------------------------------------------------------------

    @property
    def default(self) -> Served:
        """Who answers when nobody is named. Raises NoChampionError."""
        loaded = self._loaded
        found = loaded.champions.get(loaded.default)
        if found is None:
            raise NoChampionError(self.why_none())
        return found

    def loaded(self, model: str) -> Served | None:
        """The champion `model` if it is in memory."""
        found = self._loaded.champions.get(model)
        if found is not None:
            self._used[model] = time.monotonic()
        return found

    def exported(self) -> dict[str, Path]:
        """Model -> export, of all champions there are, in memory or not."""
        folder = self.settings.champion_dir
        links = (
            sorted(p for p in folder.iterdir() if p.is_symlink() and not p.name.startswith("."))
            if folder.is_dir()
            else []
        )
        return {link.name: link.resolve() for link in links}

    def in_memory(self) -> Mapping[str, Served]:
        return self._loaded.champions

    def refused(self) -> dict[str, str]:
        """Exports that were refused, by `model/version`, and why."""
        return self.refusals.told()

    def why_none(self) -> str:
        dataset = self.settings.dataset
        if told := "; ".join(f"{name}: {why}" for name, why in self.refused().items()):
            return f"no champion of {dataset} can be loaded: {told}"
        return f"{dataset} has no champion yet; run `recsys materialize --dataset {dataset}`"

    # -- what changes it -----------------------------------------------------------------------------------

    def load(self, model: str) -> Served:
        """Bring a champion into memory. Raises NoChampionError where there is none, or it is refused."""
        with self._changing:
            if (there := self.loaded(model)) is not None:
                return there
            path = self.exported().get(model)
            if path is None:
                raise NoChampionError(f"{self.settings.dataset} has no champion {model!r}")
            self._bring(model, path)
            found = self.loaded(model)
            if found is None:
                raise NoChampionError(f"{model}: {self.refused().get(f'{model}/{path.name}', 'cannot be loaded')}")
            return found

    def refresh(self) -> list[Swap]:
        """Look once: what is in memory and was exported anew is swapped, and the default one is loaded."""
        exported = self.exported()
        wanted = self._default_name(exported)
        names = {*self._loaded.champions, wanted} & set(exported)
        swaps = []
        for model in sorted(names, key=lambda name: name != wanted):
            with self._changing:
                swap = self._bring(model, exported[model])
            if swap is not None:
                swaps.append(swap)
        with self._changing:
            self._choose_default(wanted, exported)
        return swaps

    def _bring(self, model: str, path: Path) -> Swap | None:
        """Load `path` beside what is there and swap; None where nothing is new."""
        before = self._loaded.champions.get(model)
        try:
            stamp = Stamp.of(path)
        except OSError:  # gone again: a newer one was exported meanwhile
            return None
        if (before is not None and before.stamp == stamp) or self.refusals.stands(stamp):
            return None
        started = time.perf_counter()
        version = before.version if before else None
        try:
            served = load(path, shelves=self._shelves, cache_bytes=self.cache_bytes)
        except LOAD_ERRORS as error:
            self.refusals.add(stamp, error)
            swap = Swap(
                model, version, int(path.name), time.perf_counter() - started, f"{type(error).__name__}: {error}"
            )
        else:
            self.refusals.forget(stamp)
            self._swap(served)
            swap = Swap(model, version, served.version, time.perf_counter() - started)
        self.on_swap(swap)
        return swap

    def _swap(self, served: Served) -> None:
        """The one assignment. What has not been asked for longest leaves where there are too many."""
        self._used[served.model] = time.monotonic()
        champions = {**self._loaded.champions, served.model: served}
        others = sorted((m for m in champions if m not in (self._loaded.default, served.model)), key=self._last_used)
        for model in others[: max(0, len(champions) - self.max_models)]:
            del champions[model]
        self._loaded = replace(self._loaded, champions=champions)
        kept = {s.manifest["sha256"]["catalogue.parquet"] for s in champions.values()}
        for key in set(self._shelves) - kept:
            self._shelves.pop(key, None)

    def _last_used(self, model: str) -> float:
        return self._used.get(model, 0.0)

    def _choose_default(self, wanted: str, exported: Mapping[str, Path]) -> None:
        """The wanted one once it is in memory; before that whoever is; and if need be any champion that loads."""
        if wanted not in self._loaded.champions and self._loaded.default not in self._loaded.champions:
            for model in ("popularity", *exported):
                if model in exported and (self._bring(model, exported[model]), model in self._loaded.champions)[1]:
                    break
        champions = self._loaded.champions
        chosen = wanted if wanted in champions else self._loaded.default
        if chosen not in champions:
            chosen = next(iter(champions), "")
        if chosen != self._loaded.default:
            self._loaded = replace(self._loaded, default=chosen)

    def _default_name(self, exported: Mapping[str, Path]) -> str:
        try:
            text = (self.settings.champion_dir / "default.json").read_text(encoding="utf-8")
            named = str(json.loads(text)["model"])
        except (OSError, ValueError, KeyError, TypeError):
            named = ""
        return named if named in exported else self._loaded.default or next(iter(exported), "")
