"""Who takes part in a live contest: all rivals, the deployment's own tuner, and who knows the best of the grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from recsys_assets.loading.streaming.engine import MOST_WORKERS
from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.analytic import Autotune, PlumberProgram
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.rules import BottleneckRule, EvenSplit, OneEach
from recsys_assets.tuner.controllers.search import GridSearch, OptunaSearch, RandomSearch
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.readings import Readings
from recsys_assets.tuner.real.grid import Grid

Maker = Callable[[], Controller]
REFERENCE = ProportionalControl.name
"""Whom all are held against."""
KNOWN = "best of the grid, known beforehand"
SHORT: dict[str, Maker] = {
    "one": OneEach,
    "even": EvenSplit,
    "most": lambda: EvenSplit(each=MOST_WORKERS),
    "rule": BottleneckRule,
    "lp": PlumberProgram,
    "autotune": Autotune,
    "autotune-threads": lambda: Autotune(threads=MOST_WORKERS),
    "ds2": ProportionalControl,
    "fitted": ModelBased,
    "grid": GridSearch,
    "random": RandomSearch,
    "tpe": lambda: OptunaSearch("tpe"),
    "cmaes": lambda: OptunaSearch("cmaes"),
}
"""What each is asked for by, in the order of a first repeat."""
FROM_SCRATCH = {"ppo": "stages", "intune": "intune"}
"""Recipes of `recsys tuner from-scratch` that take part as they were trained on simulated pipelines: zero-shot."""
ONLINE = "ppo-online"
"""The first of them, tuned on by what it reads of the pipeline that it tunes."""


class Known:
    """No tuner: from its first decision on the best allocation that was measured on the machine as it is."""

    name = KNOWN

    def __init__(self, best: Mapping[int, Allocation]) -> None:
        """`best`: by the number of cores."""
        self.best = best

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        found = [self.best[int(cores)] for cores in readings.cores]
        return Allocation(np.concatenate([a.workers for a in found]), np.concatenate([a.prefetch for a in found]))


def entrants(names: Sequence[str], *, grids: Sequence[Grid], policy: Path) -> dict[str, Maker]:
    """By the name they are shown by; none named: all, and whoever was trained: `policy`, and first seeds beside it.

    Raises ValueError where a name is unknown.
    """
    makers = {**SHORT, "known": lambda: Known({g.cores: g.allocation.take(np.array([g.best])) for g in grids})}
    if policy.exists():
        makers["learned"] = lambda: _learned(policy)
    for name, recipe in FROM_SCRATCH.items():
        if (policy.parent / "scratch" / f"{recipe}-1.npz").exists():
            makers[name] = partial(_from_scratch, policy.parent / "scratch", recipe)
    if "ppo" in makers:
        makers[ONLINE] = partial(_online, policy.parent / "scratch")
    unknown = [name for name in names if name not in makers]
    if unknown:
        raise ValueError(f"there is no tuner {unknown[0]!r}; there are {', '.join(makers)}")
    chosen = [makers[name] if name == ONLINE else _shielded(makers[name]) for name in names or makers]
    return {make().name: make for make in chosen}


def _shielded(make: Maker) -> Maker:
    return lambda: Shielded(make())


def _learned(policy: Path) -> Controller:
    from recsys_assets.tuner.learned.guarded import Guarded
    from recsys_assets.tuner.learned.policy import LearnedTuner

    return Guarded(LearnedTuner.load(policy))


def _from_scratch(folder: Path, recipe: str) -> Controller:
    from recsys_assets.tuner.learned.scratch import policy_of

    return policy_of(folder, recipe, seed=1)


def _online(folder: Path) -> Controller:
    """Behind a shield and a fallback of its own: what it says of its updates would not come through another one."""
    from recsys_assets.tuner.learned.guarded import tuned_online
    from recsys_assets.tuner.learned.scratch import policy_of

    return tuned_online(policy_of(folder, FROM_SCRATCH["ppo"], seed=1), aside=True)
