"""The policy that PPO learned on simulated pipelines, tuned to the one it runs: Dyna (Sutton, 1991), short branches.

What was read updates what the fitted model knows of this pipeline; from that, pipelines are drawn which it may be, and
PPO goes on learning on them from the state that is now, between two decisions (model-based policy optimization, Janner
et al., 2019). A few real decisions alone would teach a network nothing; they count in their own right, too, by what
they brought beyond what was imagined. The policy stays on a leash to the one it began as, and behind the same memory
shield.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from recsys_assets.tuner.allocation import Allocation, IntArray
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.learned.dyna import Decided, OnlineConfig, Tuned, Update, tuned
from recsys_assets.tuner.learned.imagined import Now
from recsys_assets.tuner.learned.leashed import Layers, log_chances
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.learned.stage_view import StageView
from recsys_assets.tuner.readings import FloatArray, Readings

TUNED = ", tuned online"
"""What a policy is called by then, beside its name."""


@dataclass
class Learner:
    """The policy of one pipeline on its way."""

    layers: Layers
    rng: np.random.Generator
    wait: int = 1
    """Intervals between updates."""
    since: int = 0
    """Intervals since the last one began, or since the cores changed."""
    cores: int = 0
    best: float = 1.0
    """Batches a second that q is taken to be a share of."""
    promised: float = 0.0
    """Batches a second; 0 where nothing is promised yet."""
    wanted: Allocation | None = None
    decided: Decided | None = None
    updates: list[Update] = field(default_factory=list)

    def read(self, allocation: Allocation, cores: int, reward: float) -> None:
        """What came of the last decision, where it was this one's and the machine is still the same."""
        if cores != self.cores:
            self.cores, self.wait, self.since, self.promised, self.decided = cores, 1, 0, 0.0, None
        self.since += 1
        mine = self.wanted is not None and not allocation.moved_from(self.wanted).any()
        if self.decided is not None:
            self.decided = self.decided.then(reward) if mine else None

    def adopt(self, found: Tuned, *, worth: float) -> None:
        self.layers, self.best, self.promised = found.layers, found.best, found.throughput
        self.updates.append(found.update)
        if not found.update.taken or found.update.after - found.update.before < worth:
            self.wait *= 2
        if self.decided is not None:
            self.decided = replace(self.decided, value=found.value)


class OnlineTuner:
    """`zero_shot` for every pipeline at first; each goes its own way from there.

    An update begins after a decision and is waited for at the next. `aside`: it runs in a thread meanwhile; without,
    once the next decision asks for it. What is decided is the same.
    """

    def __init__(self, zero_shot: LearnedTuner, config: OnlineConfig | None = None, *, aside: bool = False) -> None:
        if not isinstance(zero_shot.view, StageView):
            raise ValueError(f"{zero_shot.name} can't be tuned online: that is done for PPO from scratch")
        self.start, self.view = zero_shot.layers, zero_shot.view
        self.name = zero_shot.name + TUNED
        self.config = config or OnlineConfig()
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="tuned-online") if aside else None

    def begin(self, n: int) -> None:
        self.view.begin(n)
        self.model = ModelBased()
        self.model.begin(n)
        self.down, self.was_off = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        self.learners = [Learner(self.start, np.random.default_rng([self.config.seed, row])) for row in range(n)]
        self.pending: list[tuple[Learner, Callable[[], Tuned]]] = []
        self.told = ""
        """What was learned of the first pipeline since the decision before; empty where nothing was."""

    @property
    def promised(self) -> FloatArray:
        """(b,) batches a second that were imagined; 0 where nothing is promised."""
        return np.array([learner.promised for learner in self.learners])

    def decide(self, readings: Readings) -> Allocation:
        self._adopt()
        self._read(readings)
        seen = self.view.see(readings)
        self.model.learn(readings)
        actions = np.concatenate([self._act(learner, seen[row]) for row, learner in enumerate(self.learners)])
        wanted = self.view.allocation(actions, readings)
        for row, learner in enumerate(self.learners):
            learner.wanted = wanted.take(np.array([row]))
            if learner.since >= learner.wait:
                self._begin_update(learner, Now.of(self.model, self.view, readings, seen, row=row), actions[row])
        return wanted

    def _adopt(self) -> None:
        self.told = ""
        for learner, result in self.pending:
            learner.adopt(result(), worth=self.config.worth)
            if learner is self.learners[0]:
                self.told = learner.updates[-1].sentence
        self.pending = []

    def _read(self, readings: Readings) -> None:
        best = np.array([learner.best for learner in self.learners])
        died = readings.down & ~self.down
        self.down = readings.down
        paid = self.view.reward(readings.throughput / best, readings, died)
        for row, learner in enumerate(self.learners):
            learner.read(readings.allocation.take(np.array([row])), int(readings.cores[row]), float(paid[row]))

    def _act(self, learner: Learner, seen: np.ndarray) -> IntArray:
        found: IntArray = log_chances(learner.layers, seen[None], len(self.view.steps)).argmax(axis=2)
        return found

    def _begin_update(self, learner: Learner, now: Now, action: IntArray) -> None:
        if not now.known:
            return
        work = partial(tuned, now, learner.layers, self.start, learner.decided, self.config, learner.rng)
        learner.since, learner.decided = 0, Decided(now.seen, action[None])
        self.pending.append((learner, work if self.pool is None else self.pool.submit(work).result))
