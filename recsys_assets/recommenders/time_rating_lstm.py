"""Time- and rating-aware LSTM: the next movie after the last n, each with its rating and the time since the one before.

    x_t = e(movie_t) + r(rating_t) + g(log2 of the seconds since t - 1),    h_t, c_t = LSTM(x_t, h_{t-1}, c_{t-1})
    score(i | history) = V h_t . e(i) + b(i)

The model of A1253AI's movie recommender (TimeRatingAwareLSTM), with the cell of Hochreiter and Schmidhuber (Neural
Computation 1997). There it reads windows of exactly five movies and is asked for the sixth; here histories of any
length up to n are read, each event of a window is asked for, and gaps and ratings are learned as steps, not as numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import PositiveInt

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.model import SequenceRecommender

if TYPE_CHECKING:
    from recsys_assets.recommenders.sequence.networks import SequenceNetwork


class TimeRatingLstmConfig(SequenceConfig):
    window: PositiveInt = 50
    """n above."""
    hidden: PositiveInt = 128
    """Length of h and c."""
    layers: PositiveInt = 1
    """LSTMs on top of one another."""


class TimeRatingLstm(SequenceRecommender):
    """The next movie by a memory of the last ones, how they were liked and when."""

    name = "time_rating_lstm"
    Config = TimeRatingLstmConfig
    config: TimeRatingLstmConfig

    def _network(self, sequences: Sequences) -> SequenceNetwork:
        from torch import nn

        from recsys_assets.recommenders.sequence.networks import Events, LearnedItems, Recurrent, SequenceNetwork

        c = self.config
        events = Events(c.dim, dropout=c.dropout, use_ratings=c.use_ratings, use_gaps=c.use_gaps)
        body = Recurrent(nn.LSTM, c.dim, c.hidden, layers=c.layers, dropout=c.dropout)
        return SequenceNetwork(LearnedItems(self._start(sequences)), events, body, self._counts(sequences))
