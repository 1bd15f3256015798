"""The agent from human feedback as a recommender like any other: its lists are what it would show first in a session.

    logit(s, i) over the shortlist, the best by the supervised start; all other movies below it, by the start's score

Fitting learns a reward model from ratings, from choices of simulated people and from what feedback it was told, then
PPO against it. Feedback also moves the levels of movies (`preferences.levels`). From a champion it goes on: tastes are
believed by the champion's factors, its network is where learning starts and what the divergence is measured from, and
fewer steps are enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from recsys_assets.agents.answering import AnsweringConfig, SessionAgent
from recsys_assets.agents.judges import taught, teaching
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.ppo.config import PpoConfig
from recsys_assets.agents.preferences.levels import moved_levels
from recsys_assets.agents.preferences.training import RewardConfig
from recsys_assets.agents.preferences.trust import TrustConfig
from recsys_assets.agents.setting import AgentSetting, SettingConfig, production_setting
from recsys_assets.recommenders.data import FloatArray, TrainingData
from recsys_assets.recommenders.models import load_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.ppo.training import PpoResult

NETWORK = "network."


class PpoAgentConfig(AnsweringConfig):
    """Of the agent, of what it is rewarded by, and of the world that it is trained in."""

    setting: SettingConfig = SettingConfig()
    """Simulated people."""
    reward: RewardConfig = RewardConfig()
    """What is learned of preferences, and from how many."""
    trust: TrustConfig = TrustConfig()
    """How far feedback is believed."""
    ppo: PpoConfig = PpoConfig()
    """Learning."""
    start: Literal["scratch", "champion"] = "scratch"
    """`champion`: go on from what is served now, where that is of the same movies."""
    update_steps: PositiveInt = 15_000
    """Movies shown while learning, from a champion."""
    champion: tuple[Path, ...] = Field(default=(), exclude=True)
    """Exports to go on from; of several, the one that knows most but nothing later than the data."""


class PpoAgent(SessionAgent):
    """Learns from what people said, held near what is served."""

    name = "ppo_agent"
    Config = PpoAgentConfig
    config: PpoAgentConfig
    training: PpoResult | None = None
    """How it was trained; not part of an export."""
    went_on_from: PpoAgent | None = None
    network: dict[str, NDArray[Any]]
    """Parameters to go on from."""
    lessons: pl.DataFrame | None = None
    """Of what was heard, the part that teaches."""

    def _fit(self, data: TrainingData) -> None:
        from recsys_assets.agents.ppo.training import train_ppo
        from recsys_assets.agents.preferences.training import train_reward_model

        self.lessons = None if self.heard is None else teaching(self.heard, seed=data.seed)
        config, champion = self.config, self._champion(data)
        if champion is not None and self._knows_all(champion, data):
            data.progress(f"{self.name}: nothing is new to the champion; it stays as it is")
            self.went_on_from, self.network = champion, champion.network
            self._keep(champion.policy, champion.taste, champion.features)
            return
        data = taught(data, self.heard)
        setting = self._setting(data, champion)
        weights = champion.weights if champion else None
        proxy = train_reward_model(
            setting,
            config.reward.briefly() if champion else config.reward,
            seed=data.seed,
            **({"weights": weights} if weights else {}),
            feedback=self._told(setting),
            progress=data.progress,
        )
        ppo = config.ppo.model_copy(update={"steps": config.update_steps}) if champion else config.ppo
        result = train_ppo(
            setting,
            proxy,
            ppo,
            seed=data.seed,
            weights=weights,
            champion=champion.network if champion else None,
            progress=data.progress,
        )
        self.training, self.went_on_from, self.network = result, champion, result.network
        self._keep(result.policy, setting.model, setting.world.features)

    @property
    def weights(self) -> Weights:
        """Of the supervised start it began as."""
        return Weights(*map(float, self.policy.items.weights))

    def training_pictures(self) -> dict[str, Figure]:
        """Return, proxy beside truth, and the divergence from the reference."""
        return self.training.figures() if self.training is not None else {}

    def training_series(self) -> dict[str, FloatArray]:
        """(n, 2) of steps and what was logged then, by TRL's names where it has one: `objective/scores` is what the
        reward model says of a session, `objective/kl` nats of a decision from the reference."""
        if self.training is None:
            return {}
        looks = self.training.looks
        names = {
            "objective/scores": "proxy",
            "objective/kl": "kl",
            "objective/kl_coef": "kl_weight",
            "eval/true_return": "truth",
        }
        return {
            name: np.array([[look.steps, getattr(look, key)] for look in looks], dtype=np.float64)
            for name, key in names.items()
        }

    def training_notes(self) -> dict[str, str]:
        """How it ended, what came of it, and what it heard."""
        told = self.training
        if told is None:
            return {}
        start, best = told.looks[0], max(told.looks, key=lambda look: look.truth)
        return {
            "training_ended": told.stopped,
            "went_on_from": "its champion" if self.went_on_from else "the supervised start",
            "best_step": f"{told.best_step:,}" + ("" if told.best_step else ": learning added nothing to the start"),
            "validation_return": f"{best.truth:.3f}, its start {start.truth:.3f}",
            "feedback_heard": f"{_count(self.lessons):,} of {_count(self.heard):,} events",
            "steps_per_cpu_second": f"{told.steps_per_second:,.0f}",
        }

    def _setting(self, data: TrainingData, champion: PpoAgent | None) -> AgentSetting:
        """Tastes by the champion's model, or one of these ratings; levels of movies as feedback tells them."""
        config, model = self.config, champion.taste if champion else None
        if self.lessons is not None and not self.lessons.is_empty():
            model = model or production_setting(data, config.setting).model
            model = moved_levels(model, data.movies, self.lessons, trust=config.trust)
        return production_setting(data, config.setting, model=model)

    def _told(self, setting: AgentSetting) -> dict[Any, Any]:
        from recsys_assets.agents.preferences.feedback import feedback_opinions

        if self.lessons is None or self.lessons.is_empty():
            return {}
        found = feedback_opinions(setting, self.lessons, self.texts, trust=self.config.trust)
        return {"train": found} if len(found) else {}

    def _champion(self, data: TrainingData) -> PpoAgent | None:
        """What to go on from: of the same movies, and nothing in it later than the data."""
        if self.config.start != "champion":
            return None
        last = data.histories.timestamps.max(initial=0)
        found = [load_model(path) for path in self.config.champion]
        fit = [
            model
            for model in found
            if isinstance(model, PpoAgent)
            and np.array_equal(model.movies.values, data.movies.values)
            and model.histories.timestamps.max(initial=0) <= last
        ]
        if not fit:
            data.progress(f"{self.name}: no champion of these movies to go on from; it begins from scratch")
        return max(fit, key=lambda model: len(model.histories.movies), default=None)

    def _knows_all(self, champion: PpoAgent, data: TrainingData) -> bool:
        """Whether there is neither feedback nor a rating that the champion did not learn from."""
        own, theirs = data.histories, champion.histories
        same = np.array_equal(champion.users.values, data.users.values) and all(
            np.array_equal(getattr(own, column), getattr(theirs, column))
            for column in ("indptr", "movies", "ratings", "timestamps")
        )
        return same and (self.lessons is None or self.lessons.is_empty())

    def _state(self) -> dict[str, NDArray[Any]]:
        return super()._state() | {NETWORK + name: value for name, value in self.network.items()}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.network = {n.removeprefix(NETWORK): v for n, v in state.items() if n.startswith(NETWORK)}
        super()._restore({n: v for n, v in state.items() if not n.startswith(NETWORK)})


def _count(events: pl.DataFrame | None) -> int:
    return 0 if events is None else len(events)
