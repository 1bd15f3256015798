"""Time- and rating-aware content model: the same memory, over movies that are known by what they are.

Movie i is a fixed vector c(i): its genres, people, keywords and plot as TF-IDF, reduced by a singular value
decomposition, and its year. What is learned is how to read it, the same for all movies:

    e(i) = A c(i) + B tanh(C c(i) + D)
    x_t = e(movie_t) + r(rating_t) + g(gap_t),    h_t, m_t = LSTM(x_t, h_{t-1}, m_{t-1})
    score(i | history) = V h_t . e(i) + b(i)

so that films related to what was liked lately win, also those that few have rated: b(i) is only as free as its start,
the logarithm of how often the movie is watched, times one learned weight. After TimeRatingAwareContentModel of
A1253AI's movie recommender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.content_fields import FieldWeights
from recsys_assets.recommenders.data import FloatArray, TrainingData
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.content_vectors import content_vectors
from recsys_assets.recommenders.sequence.model import SequenceRecommender

if TYPE_CHECKING:
    from recsys_assets.recommenders.sequence.networks import SequenceNetwork


class TimeRatingContentConfig(SequenceConfig):
    window: PositiveInt = 50
    """Last movies that are read."""
    hidden: PositiveInt = 128
    """Length of the memory."""
    layers: PositiveInt = 1
    """LSTMs on top of one another."""
    weights: FieldWeights = FieldWeights()
    """Share of each field of the catalogue in what a movie is."""
    content_dim: PositiveInt = 128
    """Length that genres, people, keywords and plot are reduced to."""


class TimeRatingContent(SequenceRecommender):
    """The next movie by what the last ones were about."""

    name = "time_rating_content"
    Config = TimeRatingContentConfig
    config: TimeRatingContentConfig
    vectors: FloatArray
    """(n_movies, content) fixed."""

    def _prepare(self, data: TrainingData) -> None:
        self.vectors = content_vectors(data.catalogue, self.config.weights, dim=self.config.content_dim)

    def _network(self, sequences: Sequences) -> SequenceNetwork:
        from torch import nn

        from recsys_assets.recommenders.sequence.networks import ContentItems, Events, Recurrent, SequenceNetwork

        c = self.config
        events = Events(c.dim, dropout=c.dropout, use_ratings=c.use_ratings, use_gaps=c.use_gaps)
        body = Recurrent(nn.LSTM, c.dim, c.hidden, layers=c.layers, dropout=c.dropout)
        items = ContentItems(self.vectors, c.dim)
        return SequenceNetwork(items, events, body, self._counts(sequences), free_bias=False)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.vectors = np.asarray(state["network.items.fixed"])
        super()._restore(state)
