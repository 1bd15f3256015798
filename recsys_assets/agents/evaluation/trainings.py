"""The agents of a report: one per seed and one of each alternative, each kept on disk as soon as it is trained.

A report takes minutes of training; one that was killed does not train again what was finished. The folder is of one
report of this version of the program: who writes the report removes it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.curves import Look
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.atomic import write_text
from recsys_assets.progress import Progress, silent

if TYPE_CHECKING:
    from recsys_assets.agents.dqn.training import DqnResult

ALTERNATIVES: dict[str, dict[str, Any]] = {
    "dqn, plain head": {"head": "plain"},
    "dqn, quantiles": {"head": "quantile"},
    "dqn, conservative": {"conservative": 0.1},
}
"""Name -> what is other than in the agent: one output a movie; QR-DQN; conservative Q-learning's penalty."""
BEST, RESULT = "best.npz", "result.json"
T = TypeVar("T")


@dataclass(frozen=True)
class Trained:
    """One training run. `name`: the agent's or the alternative's."""

    name: str
    seed: int
    result: DqnResult


def train_all(
    setting: AgentSetting,
    dqn: DqnConfig,
    weights: Weights,
    *,
    agent: str,
    seeds: int,
    alternatives: tuple[str, ...],
    alternative_steps: int,
    seed: int,
    folder: Path | None = None,
    progress: Progress = silent,
) -> list[Trained]:
    """`seeds` trainings of the agent from `seed` on, and one of each alternative, which are shorter, at the first."""
    runs = [(agent, seed + number, dqn) for number in range(seeds)]
    runs += [(name, seed, alternative(dqn, name, most_steps=alternative_steps)) for name in alternatives]
    found = []
    for number, (name, own, config) in enumerate(runs):
        what = f"training {number + 1} of {len(runs)} ({name}, seed {own})"
        place = None if folder is None else folder / f"{name.replace(', ', '-').replace(' ', '-')}-{own}"
        found.append(Trained(name, own, _trained(setting, config, weights, own, place, counted(progress, what))))
    return found


def alternative(dqn: DqnConfig, name: str, *, most_steps: int) -> DqnConfig:
    """The settings of one of `ALTERNATIVES`."""
    return DqnConfig.model_validate(dqn.model_dump() | {"steps": min(dqn.steps, most_steps)} | ALTERNATIVES[name])


def counted(progress: Progress, what: str) -> Progress:
    """Each line with what it is about."""
    return lambda line: progress(f"{what}: {line}")


class Stages:
    """How long the parts of a report took: `spent` holds (part, CPU seconds of this process, seconds by the clock)."""

    def __init__(self, progress: Progress = silent) -> None:
        self.progress = progress
        self.spent: list[tuple[str, float, float]] = []

    def run(self, name: str, work: Callable[[], T]) -> T:
        self.progress(f"report: {name}")
        cpu, wall = time.process_time(), time.monotonic()
        found = work()
        self.spent.append((name, time.process_time() - cpu, time.monotonic() - wall))
        self.progress(f"report: {name} took {self.spent[-1][1]:.0f} CPU s, {self.spent[-1][2]:.0f} s")
        return found


def write_result(folder: Path, result: DqnResult, *, run: str) -> None:
    """`run` says what was trained and how."""
    folder.mkdir(parents=True, exist_ok=True)
    result.policy.save(folder / BEST)
    text = {
        "run": run,
        "start": asdict(result.start),
        "looks": [asdict(look) for look in result.looks],
        **{name: getattr(result, name) for name in ("best_step", "stopped", "bound")},
        **{name: getattr(result, name) for name in ("steps_per_second", "updates_per_second")},
    }
    write_text(folder / RESULT, json.dumps(text))


def read_result(folder: Path, *, run: str) -> DqnResult | None:
    """What was kept of this very run; None where there is nothing of it."""
    from recsys_assets.agents.dqn.training import DqnResult

    if not (folder / RESULT).exists():
        return None
    text = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    if text.pop("run") != run:
        return None
    start, looks = Weights(**text.pop("start")), tuple(Look(**look) for look in text.pop("looks"))
    return DqnResult(policy=QPolicy.load(folder / BEST), start=start, looks=looks, **text)


def _trained(
    setting: AgentSetting, config: DqnConfig, weights: Weights, seed: int, folder: Path | None, progress: Progress
) -> DqnResult:
    from recsys_assets.agents.dqn.training import train_dqn

    run = _described(setting, config, weights, seed)
    if folder is not None and (kept := read_result(folder, run=run)) is not None:
        progress("was trained before this report was interrupted")
        return kept
    result = train_dqn(setting, config, seed=seed, weights=weights, progress=progress)
    if folder is not None:
        write_result(folder, result, run=run)
    return result


def _made_of(setting: AgentSetting) -> tuple[np.ndarray, ...]:
    world, model = setting.world, setting.model
    return world.movies.values, world.popularity, world.sequence, model.design, model.base


def _described(setting: AgentSetting, config: DqnConfig, weights: Weights, seed: int) -> str:
    data = hashlib.sha256()
    for array in _made_of(setting):
        data.update(np.ascontiguousarray(array).tobytes())
    described = {
        "data": data.hexdigest()[:16],
        "setting": setting.config.model_dump(mode="json"),
        "seeds": [setting.seed, seed],
        "start": asdict(weights),
        "dqn": config.model_dump(mode="json"),
    }
    return json.dumps(described, sort_keys=True)
