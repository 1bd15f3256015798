"""GRU4Rec: what comes next, by a gated recurrent unit that reads the movies one by one.

    h_t = (1 - z_t) h_{t-1} + z_t tanh(W e(movie_t) + U (r_t h_{t-1})),    score(i | history) = V h_t . e(i) + b(i)

with gates z and r of e(movie_t) and h_{t-1} (Hidasi, Karatzoglou, Baltrunas and Tikk, ICLR 2016). Trained on all events
of a window at once, with the full softmax instead of their pairwise losses: with that, GRU4Rec is level with newer
models (Petrov and Macdonald, RecSys 2022; Hidasi and Czapp, RecSys 2023).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import PositiveInt

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.model import SequenceRecommender

if TYPE_CHECKING:
    from recsys_assets.recommenders.sequence.networks import SequenceNetwork


class Gru4recConfig(SequenceConfig):
    hidden: PositiveInt = 128
    """Length of h."""
    layers: PositiveInt = 1
    """Units on top of one another."""
    use_ratings: bool = False
    """Whether the rating given is part of an event; as published, it is not."""
    use_gaps: bool = False
    """Whether the time since the event before is part of an event; as published, it is not."""


class Gru4rec(SequenceRecommender):
    """The next movie by a memory of the ones before."""

    name = "gru4rec"
    Config = Gru4recConfig
    config: Gru4recConfig

    def _network(self, sequences: Sequences) -> SequenceNetwork:
        from torch import nn

        from recsys_assets.recommenders.sequence.networks import Events, LearnedItems, Recurrent, SequenceNetwork

        c = self.config
        events = Events(c.dim, dropout=c.dropout, use_ratings=c.use_ratings, use_gaps=c.use_gaps)
        body = Recurrent(nn.GRU, c.dim, c.hidden, layers=c.layers, dropout=c.dropout)
        return SequenceNetwork(LearnedItems(self._start(sequences)), events, body, self._counts(sequences))
