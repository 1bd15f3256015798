"""The part of the protocol that all sequence models share: fit, score, explain and keep a network."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from recsys_assets.loading.fed import Fed
from recsys_assets.loading.feeding import SPEED, Feeding, feeding_of
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import Epochs, PipelineConfig, training_pipeline
from recsys_assets.loading.sequences import Sequences
from recsys_assets.progress import silent
from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.device import torch_device
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
        self._feeding: Feeding | None = None

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
        found = self.feeding()
        if found is None:
            return {}
        notes = {"data_pipeline": f"{self.config.pipeline.engine}, while training: {found.training}"}
        if found.default is not None:
            notes |= {"data_pipeline_default": str(found.default), "data_pipeline_tuned": str(found.tuned)}
            notes["data_pipeline_quality"] = found.equality
        return notes

    def feeding(self) -> Feeding | None:
        """The same in figures; None where nothing was trained here. Measured once."""
        if self._feeding is None and self.fed is not None and self.fed.batches:
            self._feeding = feeding_of(self.fed, self.config.pipeline, self._pipeline)
        return self._feeding

    def _pipeline(self, config: PipelineConfig) -> Epochs:
        n = len(self.movies)
        negatives = Negatives(0 if n <= self.config.full_softmax_movies else self.config.negatives, n)
        return training_pipeline(sequences_of(self.histories), self.config.window, negatives, config, 0)

    def made_ready(self, data: TrainingData) -> Sequences:
        """With a network that has learned nothing; and what it would be trained on. For `ratings_per_second`."""
        self.adopt(data.users, data.movies, data.histories, data.catalogue)
        self._prepare(data)
        sequences = self._sampled(data)
        self.network = self._new_network(sequences, data.seed).to(self._device())
        return sequences

    def ratings_per_second(self, sequences: Sequences, pipeline: PipelineConfig, *, seconds: float) -> float:
        """That are learned from through `pipeline`, in so many seconds of steps. The network is worth nothing after."""
        from recsys_assets.recommenders.sequence.trainer import Trainer

        config = self.config.model_copy(update={"pipeline": pipeline})
        return Trainer(self.network, config, 0, self.name, silent).steps_for(sequences, seconds=seconds)

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
        settings = self.config.model_dump(mode="json", exclude={"checkpoints": True, "pipeline": set(SPEED)})
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
        return self._similar_to(movies, np.arange(len(self.movies)))

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        vectors = self.network.items().detach().cpu().numpy()
        ours, theirs = (
            v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9) for v in (vectors[movies], vectors[others])
        )
        return np.asarray(ours @ theirs.T, dtype=np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        """What scores lose without each of the last movies, the movies' own bias, and the rest: their interplay."""
        bias = self.network.bias().detach().cpu().numpy()[movies].astype(np.float64)
        n = len(history.movies)
        places = np.arange(n)[-EXPLAINED:]
        amounts = np.zeros((len(movies), n))
        if n == 1:
            amounts[:, 0] = scores - bias
        else:
            without = self._score(_without(history, places), np.full(len(places), user))[:, movies]
            amounts[:, places] = scores[:, None] - without.T
        return Accounts.of_ratings(
            self._rated(history),
            amounts,
            Summand("bias", "how much it is watched by all", bias),
            Summand("factors", "all of the history together, in its order", scores - bias - amounts.sum(axis=1)),
        )

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
