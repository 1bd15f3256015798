"""The DQN agent as a recommender like any other: its lists are what it would show first in a session.

    Q(s, i) over the shortlist, the best by the supervised start; all other movies below it, by the start's score

Fitting splits the users it is given again, into those the simulators are made of and those that choose the checkpoint,
and trains in simulation (`agents/dqn`). A known user and a newcomer are the same to it: both are a belief made of their
ratings. `alpha` blends likeness of content to what the user liked into the list, on the scale of the list's own spread.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.curves import curves
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.sequence_features import NO_MODEL, SequenceFeatures, with_sequence_features
from recsys_assets.agents.setting import SettingConfig, production_setting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.results import Reason

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.dqn.training import DqnResult

MIDDLE_STARS = 3.0
"""A movie rated above it counts as liked, below as disliked, in the blend with content."""


class DqnAgentConfig(BaseModel, extra="forbid"):
    """Of the agent, and of the world that it is trained in."""

    setting: SettingConfig = SettingConfig()
    """Simulated people."""
    dqn: DqnConfig = DqnConfig()
    """Learning."""
    alpha: float = Field(default=0.0, ge=0, le=1)
    """Weight of likeness of content; 0: the agent alone, 1: content alone."""
    sequence: SequenceFeatures = SequenceFeatures()
    """What a sequence model says of movies."""
    checkpoints: Path | None = Field(default=None, exclude=True)
    """Where a killed run finds what it had learned."""
    published: tuple[Path, ...] = Field(default=(), exclude=True)
    """Exports of the sequence model as it was published."""

    def made_with(self) -> tuple[str, ...]:
        """The published models that the agent is made with."""
        return () if self.sequence.model == NO_MODEL else (self.sequence.model,)


class DqnAgent(Recommender):
    """Chooses by the value of a whole session, learned in simulation."""

    name = "dqn_agent"
    Config = DqnAgentConfig
    config: DqnAgentConfig
    training: DqnResult | None = None
    """How it was trained; not part of an export."""

    def _fit(self, data: TrainingData) -> None:
        from recsys_assets.agents.dqn.training import train_dqn

        config = self.config
        setting = production_setting(data, config.setting)
        setting = with_sequence_features(setting, config.sequence, data=data, published=config.published)
        folder = self._checkpoint_folder(data)
        result = train_dqn(setting, config.dqn, seed=data.seed, progress=data.progress, checkpoints=folder)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        self.training = result
        self._keep(result.policy, setting.model, setting.world.features)

    def training_pictures(self) -> dict[str, Figure]:
        """Return, loss, Q scale and exploration over steps."""
        return self.training.figures() if self.training is not None else {}

    def training_series(self) -> dict[str, FloatArray]:
        """(n, 2) of steps and what was logged then, by the logged names."""
        if self.training is None:
            return {}
        logged = curves(self.training.looks)
        steps = logged.pop("time/total_timesteps")
        return {name: np.stack([steps, values], axis=1) for name, values in logged.items()}

    def training_notes(self) -> dict[str, str]:
        """How it ended, what came of it, and how fast it was."""
        told = self.training
        if told is None:
            return {}
        return {
            "training_ended": told.stopped,
            "best_step": f"{told.best_step:,}"
            + (": learning added nothing to the start" if not told.best_step else ""),
            "validation_return": f"{told.best_return:.3f}, its start {told.start_return:.3f}",
            "steps_per_cpu_second": f"{told.steps_per_second:,.0f}",
        }

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        scores = self.policy.ranking(self._observations(histories), known=_nobody())
        return self._blended(scores, histories) if self.config.alpha else scores

    def _similar(self, movies: IntArray) -> FloatArray:
        """Cosine of content."""
        cosines: FloatArray = self.content[movies] @ self.content.T
        return cosines

    def _explain(self, history: Histories, user: int, movie: int, score: float) -> list[Reason]:
        observation = self._observations(history)
        stars = float(self.taste.rate(observation[:, self.policy.layout.taste_mean], np.array([movie]))[0])
        level = float(self.taste.base[movie])
        weights = self.policy.items.weights
        renown = float(weights[0] * self.policy.items.popularity[movie])
        rest = score - (level + (stars - level) + renown)
        return [
            Reason("bias", "how this movie is rated", level),
            Reason("factors", "how it matches this user's taste", stars - level),
            Reason("popularity", "known to many", renown),
            Reason("part", "learned in simulated sessions", rest),
        ]

    def _checkpoint_folder(self, data: TrainingData) -> Path | None:
        """Of this fit alone: the same data, seed and settings find it again."""
        if self.config.checkpoints is None:
            return None
        digest = hashlib.sha256(f"{data.seed} {self.config.model_dump_json()}".encode())
        for column in (data.users.values, data.histories.movies, data.histories.ratings, data.histories.timestamps):
            digest.update(np.ascontiguousarray(column).tobytes())
        return self.config.checkpoints / f"{self.name}-{digest.hexdigest()[:16]}"

    def _observations(self, histories: Histories) -> FloatArray:
        """Sessions of these users at their beginning."""
        layout, beliefs = self.policy.layout, self.taste.believe(histories)
        rows = layout.empty(len(histories))
        rows[:, layout.taste_mean], rows[:, layout.taste_deviation] = beliefs.mean, beliefs.deviation
        rows[:, layout.log_known] = np.log1p(histories.lengths) / 10
        return rows

    def _blended(self, scores: FloatArray, histories: Histories) -> FloatArray:
        liked = histories.matrix(len(self.movies))
        liked.data = liked.data - MIDDLE_STARS
        profile = liked @ self.content
        profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-9)
        likeness = profile @ self.content.T
        own, other = _standardized(scores), _standardized(likeness)
        return ((1 - self.config.alpha) * own + self.config.alpha * other).astype(np.float32)

    def _keep(self, policy: QPolicy, taste: TasteModel, features: FloatArray) -> None:
        self.policy, self.taste, self.features = policy, taste, features
        centred = features - features.mean(axis=0)
        self.content = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)

    def _state(self) -> dict[str, NDArray[Any]]:
        policy = {f"policy.{k}": v for k, v in self.policy.to_arrays().items()}
        taste = {f"taste.{k}": v for k, v in self.taste.to_arrays().items()}
        return {**policy, **taste, "features": self.features}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        policy, taste = (
            {k.removeprefix(kind): v for k, v in state.items() if k.startswith(kind)} for kind in ("policy.", "taste.")
        )
        self._keep(QPolicy.of_arrays(policy), TasteModel.of_arrays(taste), state["features"])


def _nobody() -> Histories:
    """No known histories: what a user has seen is masked by the base class."""
    empty = np.zeros(0, dtype=np.int64)
    return Histories(np.zeros(1, dtype=np.int64), empty.astype(np.int32), empty.astype(np.float32), empty)


def _standardized(scores: FloatArray) -> FloatArray:
    """Of mean 0 and deviation 1 in each row."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    scaled: FloatArray = centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-6)
    return scaled
