"""The DQN agent as a recommender like any other: its lists are what it would show first in a session.

    Q(s, i) over the shortlist, the best by the supervised start; all other movies below it, by the start's score

Fitting splits the users it is given again, into those the simulators are made of and those that choose the checkpoint,
and trains in simulation (`agents/dqn`). How it answers is in `answering`.

Vectors of movies come of stored ratings through the training-data pipeline (`loading`), whose workers are tuned. The
sessions that are learned from do not: they are made by a simulator in this process, each by the policy as it is at that
moment, and replayed from arrays in memory. There is no storage, decoding or prefetching to give workers to.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from recsys_assets.agents.answering import AnsweringConfig, SessionAgent
from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.curves import curves
from recsys_assets.agents.judges import taught
from recsys_assets.agents.sequence_features import NO_MODEL, SequenceFeatures, described_by, sequence_model
from recsys_assets.agents.setting import SettingConfig, production_setting
from recsys_assets.loading.feeding import SPEED, Feeding
from recsys_assets.recommenders.data import FloatArray, TrainingData

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.dqn.training import DqnResult
    from recsys_assets.recommenders.sequence.model import SequenceRecommender

IN_PROCESS = "sessions are simulated in this process, by the policy of the moment: no pipeline feeds them"


class DqnAgentConfig(AnsweringConfig):
    """Of the agent, and of the world that it is trained in."""

    setting: SettingConfig = SettingConfig()
    """Simulated people."""
    dqn: DqnConfig = DqnConfig()
    """Learning."""
    sequence: SequenceFeatures = SequenceFeatures()
    """What a sequence model says of movies."""
    checkpoints: Path | None = Field(default=None, exclude=True)
    """Where a killed run finds what it had learned."""
    published: tuple[Path, ...] = Field(default=(), exclude=True)
    """Exports of the sequence model as it was published."""

    def made_with(self) -> tuple[str, ...]:
        """The published models that the agent is made with."""
        return () if self.sequence.model == NO_MODEL else (self.sequence.model,)


class DqnAgent(SessionAgent):
    """Chooses by the value of a whole session, learned in simulation."""

    name = "dqn_agent"
    Config = DqnAgentConfig
    config: DqnAgentConfig
    training: DqnResult | None = None
    """How it was trained; not part of an export."""
    vectors: SequenceRecommender | None = None
    """Whose vectors describe movies; not part of an export."""

    def _fit(self, data: TrainingData) -> None:
        from recsys_assets.agents.dqn.training import train_dqn

        config, data = self.config, taught(data, self.heard)
        setting = production_setting(data, config.setting)
        if config.sequence.model != NO_MODEL:
            self.vectors = sequence_model(data, config.sequence, published=config.published)
            setting = described_by(setting, self.vectors, config.sequence)
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
            **self._fed_notes(),
        }

    def feeding(self) -> Feeding | None:
        """How the training of movies' vectors was fed; None where a published model gave them."""
        return None if self.vectors is None else self.vectors.feeding()

    def _fed_notes(self) -> dict[str, str]:
        if self.vectors is None:
            return {"data_pipeline": IN_PROCESS}
        own = self.vectors.training_notes()
        published = {
            "data_pipeline": f"the published {self.vectors.name} gave vectors of movies, and its asset says how"
        }
        notes = own or published
        return notes | {"data_pipeline": f"{notes['data_pipeline']}; {IN_PROCESS}"}

    def _checkpoint_folder(self, data: TrainingData) -> Path | None:
        """Of this fit alone: the same data, seed and settings find it again."""
        if self.config.checkpoints is None:
            return None
        settings = self.config.model_dump(mode="json")
        for name in SPEED:
            settings["sequence"]["fit"].get("pipeline", {}).pop(name, None)
        digest = hashlib.sha256(f"{data.seed} {json.dumps(settings)}".encode())
        for column in (data.users.values, data.histories.movies, data.histories.ratings, data.histories.timestamps):
            digest.update(np.ascontiguousarray(column).tobytes())
        return self.config.checkpoints / f"{self.name}-{digest.hexdigest()[:16]}"
