"""SASRec: what comes next, by self-attention over what came before (Kang and McAuley, ICDM 2018).

Event t is x_t = e(movie) + r(rating) + g(time since the event before). Each of a few layers lets an event look back:

    x_t <- x_t + sum_{s <= t} a_ts v_s,    a_t. = softmax_s( q_t . k_s / sqrt(d) + place(t - s) + gap(time_t - time_s) )
    x_t <- x_t + feed-forward(x_t)

and score(i | history) = x_t . e(i) + b(i), with the same e for reading and scoring. Places and gaps are relative, as in
Shaw, Uszkoreit and Vaswani (NAACL 2018) and Li, Wang and McAuley (TiSASRec, WSDM 2020). All events of a window are
targets at once, contrasted with all movies (full softmax, which is what SASRec needs to be at its best: Klenitskiy and
Vasilev, RecSys 2023), or with a sample of them by gBCE where the catalogue is large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import PositiveInt, model_validator

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.data import FloatArray, IntArray
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.model import SequenceRecommender

if TYPE_CHECKING:
    from recsys_assets.recommenders.sequence.networks import SequenceNetwork


class SasrecConfig(SequenceConfig):
    layers: PositiveInt = 2
    """Times that events look back."""
    heads: PositiveInt = 2
    """Ways of looking back in a layer; divides `dim`."""

    @model_validator(mode="after")
    def _heads_divide_dim(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim must be a multiple of heads, found dim {self.dim} and {self.heads} heads")
        return self


class Sasrec(SequenceRecommender):
    """The next movie by attention to the last ones."""

    name = "sasrec"
    Config = SasrecConfig
    config: SasrecConfig

    def _network(self, sequences: Sequences) -> SequenceNetwork:
        return sasrec_network(self.config, self._start(sequences), self._counts(sequences))


def sasrec_network(c: SasrecConfig, start: FloatArray, counts: IntArray) -> SequenceNetwork:
    """Untrained: movies' vectors begin as `start` (n_movies, dim); `counts` (n_movies,) of ratings."""
    from recsys_assets.recommenders.sequence.networks import Events, LearnedItems, SequenceNetwork, Transformer

    events = Events(c.dim, dropout=c.dropout, use_ratings=c.use_ratings, use_gaps=c.use_gaps)
    body = Transformer(c.dim, layers=c.layers, heads=c.heads, dropout=c.dropout, window=c.window, use_gaps=c.use_gaps)
    return SequenceNetwork(LearnedItems(start), events, body, counts)
