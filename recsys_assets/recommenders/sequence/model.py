"""The part of the protocol that all sequence models share: fit, score, explain and keep a network."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.results import Reason
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.curves import Curves
from recsys_assets.recommenders.sequence.inputs import Held, hold_out_last, sampled, sequences_of

if TYPE_CHECKING:
    import torch

    from recsys_assets.recommenders.sequence.networks import SequenceNetwork

EXPLAINED = 20
"""Last movies of a history that are left out, one at a time, to see what each did."""


class SequenceRecommender(Recommender):
    """A network that reads a history event by event. A model gives `_network`, and its config."""

    Config = SequenceConfig
    config: SequenceConfig
    network: SequenceNetwork
    curves: Curves
    """Of the training in which the last movies were held out."""

    @abstractmethod
    def _network(self, counts: IntArray) -> SequenceNetwork:
        """An untrained network for movies seen `counts` (n_movies,) times in training; may read `self.catalogue`."""

    # -- fitting ---------------------------------------------------------------------------------------------

    def _fit(self, data: TrainingData) -> None:
        self.search(data)
        if self.config.refit:
            self.refit(data)

    def search(self, data: TrainingData) -> Held:
        """Train without each user's last movie, as long as that makes it better at finding them."""
        sequences = sampled(sequences_of(data.histories), max_events=self.config.max_ratings, seed=data.seed)
        held = hold_out_last(sequences, users=self.config.validation_users, seed=data.seed)
        self.network, self.curves = self._trained(held.train, data, epochs=self.config.epochs, held=held)
        return held

    def refit(self, data: TrainingData) -> None:
        """Train again, on everything, for as many epochs as were best."""
        sequences = sampled(sequences_of(data.histories), max_events=self.config.max_ratings, seed=data.seed)
        self.network, _ = self._trained(sequences, data, epochs=self.curves.best, held=None)

    def _trained(
        self, sequences: Sequences, data: TrainingData, *, epochs: int, held: Held | None
    ) -> tuple[SequenceNetwork, Curves]:
        from recsys_assets.recommenders.sequence.trainer import Trainer

        what = f"{self.name}, {'searching' if held else 'refitting'}"
        network = self._new_network(np.bincount(sequences.items, minlength=len(data.movies)), data.seed)
        trainer = Trainer(network.to(self._device()), self.config, data.seed, what, data.progress)
        return network, trainer.train(sequences, epochs=epochs, held=held)

    def _new_network(self, counts: IntArray, seed: int) -> SequenceNetwork:
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self._network(counts)

    def _device(self) -> torch.device:
        import torch

        cuda = self.config.device == "cuda" or (self.config.device == "auto" and torch.cuda.is_available())
        return torch.device("cuda" if cuda else "cpu")

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
        bias = float(self.network.bias[movie].detach())
        n = len(history.movies)
        places = np.arange(n)[-EXPLAINED:]
        if n == 1:
            lost = np.array([score - bias])
        else:
            without = self._score(_without(history, places), np.full(len(places), user))
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
        self.network = self._new_network(np.zeros(len(self.movies), dtype=np.int64), 0)
        self.network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in part("network.").items()})
        self.network.to(self._device())


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
