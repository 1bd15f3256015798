"""The DQN agent as a recommender like any other: its lists are what it would show first in a session.

    Q(s, i) over the shortlist, the best by the supervised start; all other movies below it, by the start's score

Fitting splits the users it is given again, into those the simulators are made of and those that choose the checkpoint,
and trains in simulation (`agents/dqn`). A known user and a newcomer are the same to it: both are a belief made of their
ratings, or of genres they named (`newcomers`). Lists can be blended with content and biased to genres (`modes`), as the
config says or, for one occasion, as `in_mode` is asked.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.curves import curves
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.modes import Mode, of_ratings
from recsys_assets.agents.newcomers import LEARNED, AgentNewcomers, nobody, opening
from recsys_assets.agents.sequence_features import NO_MODEL, SequenceFeatures, with_sequence_features
from recsys_assets.agents.setting import SettingConfig, production_setting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.results import ModelError, Reason, Route

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.dqn.training import DqnResult


class DqnAgentConfig(BaseModel, extra="forbid"):
    """Of the agent, and of the world that it is trained in."""

    setting: SettingConfig = SettingConfig()
    """Simulated people."""
    dqn: DqnConfig = DqnConfig()
    """Learning."""
    alpha: float = Field(default=0.0, ge=0, le=1)
    """Weight of likeness of content; 0: the agent alone, 1: content alone."""
    genres: tuple[str, ...] = ()
    """Genre-biased mode: movies of these genres are raised in the list of everyone of whom ratings are known."""
    genre_bias: float = Field(default=1.0, ge=0)
    """By how many standard deviations of the scores, for a movie of just these genres."""
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

    def in_mode(
        self, *, alpha: float | None = None, genres: Sequence[str] | None = None, genre_bias: float | None = None
    ) -> Self:
        """The same agent, answering in another mode; what is not given stays as it is. Nothing is trained."""
        asked = {"alpha": alpha, "genres": genres, "genre_bias": genre_bias}
        changes = {name: value for name, value in asked.items() if value is not None}
        other = copy(self)
        try:
            other.config = DqnAgentConfig.model_validate(self.config.model_dump() | changes)
        except ValidationError as error:
            first = error.errors()[0]
            raise ModelError(f"mode of {self.name}, {first['loc'][0]}: {first['msg']}") from error
        other._mode()
        return other

    def route(self, n_ratings: int, *, genres: Sequence[str] = ()) -> Route:
        found = super().route(n_ratings, genres=genres)
        return replace(found, part=self.name) if genres and not n_ratings else found

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        return self._mode().blended(self._values(histories), histories)

    def _similar(self, movies: IntArray) -> FloatArray:
        """Cosine of content."""
        cosines: FloatArray = self.content[movies] @ self.content.T
        return cosines

    def _explain(self, history: Histories, user: int, movie: int, score: float) -> list[Reason]:
        values = self._values(history)[0]
        of_value = self._reasons_of_value(history, movie, float(values[movie]))
        return self._mode().reasons(values, of_value, history, movie, titles=self.titles, ids=self.movies)

    def _reasons_of_value(self, history: Histories, movie: int, value: float) -> list[Reason]:
        """Summands of Q: the parts of the supervised start, the taste by the ratings it is believed from, the rest."""
        level = float(self.taste.base[movie])
        taste = self.taste.shares(history, movie)
        renown = float(self.policy.items.weights[0] * self.policy.items.popularity[movie])
        return [
            Reason("bias", "how this movie is rated", level),
            *of_ratings(taste, history, titles=self.titles, ids=self.movies, how="their taste, as it shows in"),
            Reason("popularity", "known to many", renown),
            Reason("part", LEARNED, value - level - float(taste.sum()) - renown),
        ]

    def _mode(self) -> Mode:
        c = self.config
        return Mode.of(self.catalogue, self.content, alpha=c.alpha, bias=c.genre_bias, genres=c.genres)

    def _values(self, histories: Histories) -> FloatArray:
        """(b, n) by which all movies are ranked in no mode."""
        rows = opening(self.policy, self.taste.believe(histories))
        rows[:, self.policy.layout.log_known] = np.log1p(histories.lengths) / 10
        return self.policy.ranking(rows, known=nobody())

    def _checkpoint_folder(self, data: TrainingData) -> Path | None:
        """Of this fit alone: the same data, seed and settings find it again."""
        if self.config.checkpoints is None:
            return None
        digest = hashlib.sha256(f"{data.seed} {self.config.model_dump_json()}".encode())
        for column in (data.users.values, data.histories.movies, data.histories.ratings, data.histories.timestamps):
            digest.update(np.ascontiguousarray(column).tobytes())
        return self.config.checkpoints / f"{self.name}-{digest.hexdigest()[:16]}"

    def _keep(self, policy: QPolicy, taste: TasteModel, features: FloatArray) -> None:
        self.policy, self.taste, self.features = policy, taste, features
        centred = features - features.mean(axis=0)
        self.content = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
        self.newcomers = AgentNewcomers.beside(self.newcomers, policy, taste)

    def _state(self) -> dict[str, NDArray[Any]]:
        policy = {f"policy.{k}": v for k, v in self.policy.to_arrays().items()}
        taste = {f"taste.{k}": v for k, v in self.taste.to_arrays().items()}
        return {**policy, **taste, "features": self.features}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        policy, taste = (
            {k.removeprefix(kind): v for k, v in state.items() if k.startswith(kind)} for kind in ("policy.", "taste.")
        )
        self._keep(QPolicy.of_arrays(policy), TasteModel.of_arrays(taste), state["features"])
