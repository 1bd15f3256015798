"""The part of the protocol that all sequence models share: fit, score, explain and keep a network."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from recsys_assets.loading.fed import Fed, fed_by
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import PipelineConfig, training_pipeline
from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.device import torch_device
from recsys_assets.recommenders.once import once
from recsys_assets.recommenders.results import Reason
from recsys_assets.recommenders.sequence.checkpoints import Checkpoint, fingerprint
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.cooccurrence import cooccurrence_vectors
from recsys_assets.recommenders.sequence.curves import Curves
from recsys_assets.recommenders.sequence.inputs import Held, hold_out_last, sampled, sequences_of

if TYPE_CHECKING:
    import torch

    from recsys_assets.recommenders.sequence.networks import SequenceNetwork
    from recsys_assets.recommenders.sequence.trainer import Trainer

EXPLAINED = 20
"""Last movies of a history that are left out, one at a time, to see what each did."""


class SequenceRecommender(Recommender):
    """A network that reads a history event by event. A model gives `_network`, and its config."""

    Config = SequenceConfig
    config: SequenceConfig
    network: SequenceNetwork
    curves: Curves
    """Of the training in which the last movies were held out."""

    def __init__(self, config: BaseModel | None = None) -> None:
        super().__init__(config)
        self._checkpoints: list[Checkpoint] = []
        self.fed: Fed | None = None
        self._notes: dict[str, str] = {}

    @abstractmethod
    def _network(self, sequences: Sequences) -> SequenceNetwork:
        """An untrained network for what it will be trained on; may read `self.catalogue`."""

    # -- fitting ---------------------------------------------------------------------------------------------

    def _fit(self, data: TrainingData) -> None:
        self.search(data)
        self.refit(data)
        self.drop_checkpoints()

    def search(self, data: TrainingData, held: Held | None = None) -> None:
        """Train without what is `held`, else each user's last movie, while that makes it better at finding them."""
        self._prepare(data)
        held = held or self.hold_out(data)
        self.network = self._new_network(held.train, data.seed).to(self._device())
        trainer = self._trainer("search", held.train, data)
        self.curves = trainer.train(held.train, epochs=self.config.epochs, held=held)
        self.fed = trainer.fed

    def refit(self, data: TrainingData) -> None:
        """Train on everything too, as `config.refit` says."""
        sequences = self._sampled(data)
        if self.config.refit == "again":
            self.network = self._new_network(sequences, data.seed).to(self._device())
            self._trainer("refit", sequences, data).train(sequences, epochs=self.curves.best)
        elif self.config.refit == "continue":
            calmer = {
                "epochs": self.config.refit_epochs,
                "learning_rate": self.config.learning_rate * self.config.refit_rate,
                "warmup_steps": 0,
            }
            trainer = self._trainer("refit", sequences, data, self.config.model_copy(update=calmer))
            trainer.train(sequences, epochs=self.config.refit_epochs)

    def hold_out(self, data: TrainingData) -> Held:
        """The last movie of each user, or of as many as the config says."""
        return hold_out_last(self._sampled(data), users=self.config.validation_users, seed=data.seed)

    def training_curves(self) -> dict[str, dict[str, NDArray[Any]]]:
        """By the name of the network, what `evaluation.training_curves` draws."""
        return {self.name: self.curves.arrays()}

    def training_notes(self) -> dict[str, str]:
        """How training was fed, and how it would have been by the default and by the tuned pipeline."""
        if self.fed is None or not self.fed.batches or self._notes:
            return self._notes
        notes = {"data_pipeline": f"{self.config.pipeline.engine}, while training: {self.fed}"}
        if self.config.pipeline.engine == "streaming":
            plain = {"engine": "streaming", "stages": (1, 1, 1, 1), "prefetch": PipelineConfig().prefetch}
            for name, changed in (("data_pipeline_default", plain), ("data_pipeline_tuned", {})):
                notes[name] = str(self._fed_by(self.config.pipeline.model_copy(update=changed)))
        self._notes = notes
        return notes

    def _fed_by(self, pipeline: PipelineConfig) -> Fed:
        """At the pace that training had."""
        assert self.fed is not None
        sequences = sequences_of(self.histories)
        negatives = Negatives(0, len(self.movies))
        made = training_pipeline(sequences, self.config.window, negatives, pipeline, 0)
        return fed_by(made, pace=self.fed.pace)

    def drop_checkpoints(self) -> None:
        """A fit that has ended needs none."""
        for checkpoint in self._checkpoints:
            checkpoint.drop()
        self._checkpoints = []

    def _prepare(self, data: TrainingData) -> None:
        """What a model makes of the data before it has a network."""

    def _sampled(self, data: TrainingData) -> Sequences:
        return sampled(sequences_of(data.histories), max_events=self.config.max_ratings, seed=data.seed)

    def _trainer(
        self, phase: str, sequences: Sequences, data: TrainingData, config: SequenceConfig | None = None
    ) -> Trainer:
        from recsys_assets.recommenders.sequence.trainer import Trainer

        checkpoint = self._checkpoint(phase, sequences, data.seed)
        what = f"{self.name}, {phase}"
        return Trainer(self.network, config or self.config, data.seed, what, data.progress, checkpoint)

    def _checkpoint(self, phase: str, sequences: Sequences, seed: int) -> Checkpoint | None:
        if self.config.checkpoints is None:
            return None
        settings = self.config.model_dump(
            mode="json", exclude={"checkpoints": True, "pipeline": {"workers", "prefetch", "engine", "stages"}}
        )
        name = f"{self.name}-{phase}-{fingerprint(sequences, settings | {'seed': seed})}.pt"
        checkpoint = Checkpoint(Path(self.config.checkpoints) / name)
        self._checkpoints.append(checkpoint)
        return checkpoint

    def _start(self, sequences: Sequences) -> FloatArray:
        """Vectors (n_movies, dim) that training begins with."""
        return cooccurrence_vectors(
            sequences, n_items=len(self.movies), dim=self.config.dim, spread=self.config.initial_spread, seed=0
        )

    def _counts(self, sequences: Sequences) -> IntArray:
        """(n_movies,) how often each was rated."""
        return np.bincount(sequences.items, minlength=len(self.movies))

    def _new_network(self, sequences: Sequences, seed: int) -> SequenceNetwork:
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # `torch.manual_seed` would seed the GPU of the caller too
            return self._network(sequences)

    def _device(self) -> torch.device:
        return torch_device(self.config.device)

    # -- asking ----------------------------------------------------------------------------------------------

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        from recsys_assets.recommenders.sequence.validation import next_scores

        scores = np.empty((len(histories), len(self.movies)), dtype=np.float32)
        for rows, block in next_scores(self.network, sequences_of(histories), window=self.config.window):
            scores[rows] = block
        return scores

    def _similar(self, movies: IntArray) -> FloatArray:
        """Cosines of the movies' vectors."""
        vectors = self.network.items()[:-1].detach().cpu().numpy()
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return np.asarray(unit[movies] @ unit.T, dtype=np.float32)

    def _explain(self, history: Histories, user: int, movie: int, score: float) -> list[Reason]:
        """What the score loses without each of the last movies, the movie's own bias, and the rest: their interplay."""
        bias = float(self.network.bias()[movie].detach())
        n = len(history.movies)
        places = np.arange(n)[-EXPLAINED:]
        if n == 1:
            lost = np.array([score - bias])
        else:
            without = once(
                self, "without", history, lambda: self._score(_without(history, places), np.full(len(places), user))
            )
            lost = score - without[:, movie].astype(np.float64)
        reasons = [
            Reason(
                "history",
                self.titles[history.movies[p]],
                float(c),
                int(self.movies.values[history.movies[p]]),
                float(history.ratings[p]),
            )
            for p, c in zip(places, lost, strict=True)
        ]
        rest = score - bias - float(lost.sum())
        return [
            *reasons,
            Reason("bias", "how much it is watched by all", bias),
            Reason("factors", "all of the history together, in its order", rest),
        ]

    # -- files -----------------------------------------------------------------------------------------------

    def _state(self) -> dict[str, NDArray[Any]]:
        weights = {f"network.{k}": v.detach().cpu().numpy() for k, v in self.network.state_dict().items()}
        return weights | {f"curves.{k}": v for k, v in self.curves.arrays().items()}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        import torch

        def part(prefix: str) -> dict[str, NDArray[Any]]:
            return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

        self.curves = Curves.of(part("curves."))
        self.network = self._new_network(Sequences.empty(), 0)
        self.network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in part("network.").items()})
        self.network.to(torch_device("cpu" if self.config.device == "cpu" else "auto"))  # trained on a GPU or not


def _without(history: Histories, places: IntArray) -> Histories:
    """The one history of n events as many times as there are `places`, each time without the event there."""
    n = len(history.movies)
    kept = np.concatenate([np.delete(np.arange(n), p) for p in places])
    return replace(
        history,
        indptr=np.arange(len(places) + 1) * (n - 1),
        movies=history.movies[kept],
        ratings=history.ratings[kept],
        timestamps=history.timestamps[kept],
    )
