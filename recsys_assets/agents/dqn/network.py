"""Q(s, i) = V(s) + scale * start(s, i) + phi(s) . psi(i) + pair(s, i), the last three less their mean over a shortlist.

The supervised start is one matrix product over all movies; its best `shortlist` (about 100) are what the agent chooses
among, so that 45,115 movies cost little more than 7,841 and no Q-value is asked where nobody would go. phi and V come
from a trunk over the state, psi from the movie's features plus a small vector of its own, and `pair` weighs the few
numbers by which the start is made (`items.PAIR`) anew in every state: it can be learned from thousands of steps where
psi needs millions. The last layers of V, phi and pair are zero at first: an untrained network ranks exactly as the
start. A movie nobody has seen yet gets a value from its features. Dueling (Wang et al., ICML 2016): the mean is
over the state's shortlist, so that V is the value of a state for who chooses among what may be chosen.

The trunk normalizes by layer, not by batch: a batch from the replay mixes policies of many ages, and statistics that
differ between acting and learning let Q-values run away (seed 4's reached 17,125 where 15 is possible).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch as th
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import nn

from recsys_assets.agents.dqn.config import NetworkConfig
from recsys_assets.agents.dqn.items import (
    PAIR,
    PAIR_SCALE,
    SHORTLIST,
    STARS,
    WELL_KNOWN,
    ItemInputs,
    state_columns,
    state_width,
)
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.recommenders.data import Histories

SLOPE = 0.01
"""Of LeakyReLU below 0."""


class ItemQNetwork(QNetwork):
    """Q-values of a shortlist; `forward` spreads them over all movies, -inf elsewhere."""

    item_design: th.Tensor
    item_base: th.Tensor
    item_popularity: th.Tensor
    item_directions: th.Tensor
    item_features: th.Tensor
    item_weights: th.Tensor
    own_place: th.Tensor
    start_movies: th.Tensor
    squares: th.Tensor
    level: th.Tensor

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Discrete,
        features_extractor: BaseFeaturesExtractor,
        features_dim: int,
        *,
        layout: ObservationLayout,
        items: ItemInputs,
        known: Histories,
        config: NetworkConfig,
        **_: Any,
    ) -> None:
        super().__init__(observation_space, action_space, features_extractor, features_dim, net_arch=[1])
        del self.q_net
        self.layout, self.known, self.item_config, self.items = layout, known, config, items
        for name, values in items.arrays().items():
            self.register_buffer(f"item_{name}", th.from_numpy(values), persistent=False)
        design = self.item_design
        movies = th.cat([design, self.item_directions], dim=1).T.contiguous()
        self.register_buffer("start_movies", movies, persistent=False)
        self.register_buffer("squares", (design**2).T.contiguous(), persistent=False)
        self.register_buffer("level", self.item_base + self.item_weights[0] * self.item_popularity, persistent=False)
        self.trunk = trunk_of(state_width(layout) + len(SHORTLIST), config)
        self.value = zero(nn.Linear(config.trunk[-1], 1))
        self.scale = nn.Parameter(th.tensor(float(config.start_scale)))
        self.people = nn.Embedding(len(known), 3)
        nn.init.zeros_(self.people.weight)
        self._build_head(len(items), config)

    def _build_head(self, n: int, config: NetworkConfig) -> None:
        self.phi = zero(nn.Linear(config.trunk[-1], config.width))
        self.psi = nn.Sequential(
            nn.Linear(self.items.features.shape[1], config.psi),
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.psi, config.width),
        )
        own = min(n, config.own)
        place = np.zeros(n, dtype=np.int64)  # 0: a movie without a vector of its own
        place[np.argsort(-self.items.popularity, kind="stable")[:own]] = np.arange(1, own + 1)
        self.register_buffer("own_place", th.from_numpy(place), persistent=False)
        self.own = nn.Embedding(own + 1, config.width, padding_idx=0)
        nn.init.zeros_(self.own.weight)
        self.pair_numbers = nn.Linear(len(PAIR), config.pair)
        self.pair_state = nn.Linear(config.trunk[-1], config.pair, bias=False)
        self.pair_out = zero(nn.Linear(config.pair, 1))

    def forward(self, obs: PyTorchObs) -> th.Tensor:
        assert isinstance(obs, th.Tensor)
        shortlist = self.shortlist(obs)
        q = th.full((len(obs), len(self.items)), -th.inf, device=obs.device)
        rows, columns = (shortlist >= 0).nonzero(as_tuple=True)
        q[rows, shortlist[rows, columns]] = self.among(obs, shortlist)[rows, columns]
        return q

    def start_scores(self, obs: th.Tensor) -> th.Tensor:
        """(b, n) of all movies, none hidden."""
        _, doubt, variety = self.items.weights.tolist()  # not from the buffer: a GPU would be waited for
        layout = self.layout
        state = th.cat([obs[:, layout.taste_mean], -variety * obs[:, layout.genre_mix]], dim=1)
        scores = state @ self.start_movies
        if doubt:
            scores.add_(((obs[:, layout.taste_deviation] ** 2) @ self.squares).sqrt_(), alpha=doubt)
        return scores.add_(self.level)

    @th.no_grad()
    def shortlist(self, obs: th.Tensor) -> th.Tensor:
        """(b, k) the best by the start of what is neither known nor shown, best first; -1 where there are fewer."""
        scores = self.start_scores(obs)
        rows, columns = self._hidden(obs)
        scores[rows, columns] = -th.inf
        best = scores.topk(min(self.item_config.shortlist, scores.shape[1]), dim=1)
        return th.where(th.isfinite(best.values), best.indices, -1)

    def among(self, obs: th.Tensor, shortlist: th.Tensor, columns: th.Tensor | None = None) -> th.Tensor:
        """Q (b, k) of the movies of a shortlist, -inf at its empty places.

        `columns` (b, c): only at these places; all but the first then stand for the shortlist in the mean of what is
        learned.
        """
        there = shortlist >= 0
        movies = shortlist.clamp(min=0)
        start, numbers = self._pairs(obs, movies, there)
        trunk = self._trunk(obs, start, there)
        start = start - _mean(start, there)
        if columns is not None:
            there, movies, start = (part.gather(1, columns) for part in (there, movies, start))
            numbers = numbers.gather(1, columns[:, :, None].expand(-1, -1, numbers.shape[2]))
        learned = self._advantage(trunk, movies, numbers)
        others = slice(0 if columns is None else 1, None)
        mean = _mean(learned[:, others], there[:, others])
        q = self.value(trunk) + self.scale * start + learned - mean
        return q.masked_fill(~there, -th.inf)

    def person(self, obs: th.Tensor) -> th.Tensor:
        """(b,) by how much a training person's returns exceed those of their like, 0 on average over people.

        Learned beside Q and no part of it, so that whom a session was with is not taken for what was shown.
        """
        left = 1 - obs[:, self.layout.progress]
        own = self.people(obs[:, self.layout.user].long().clamp(min=0)) - self.people.weight.mean(dim=0)
        return (own * th.stack([th.ones_like(left), left, left**2], dim=1)).sum(dim=1)

    def _advantage(self, trunk: th.Tensor, movies: th.Tensor, numbers: th.Tensor) -> th.Tensor:
        """(b, k) what is learned of movies in states."""
        if self.item_config.product_rate:
            product = th.einsum("bd,bkd->bk", self.phi(trunk), self._vectors(movies))
        else:
            product = th.zeros_like(numbers[:, :, 0])
        hidden = nn.functional.leaky_relu(self.pair_numbers(numbers) + self.pair_state(trunk)[:, None], SLOPE)
        return product + self.pair_out(hidden)[:, :, 0]

    def _pairs(self, obs: th.Tensor, movies: th.Tensor, there: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """The start (b, k), and `PAIR` (b, k, len(PAIR))."""
        layout, weights = self.layout, self.item_weights
        design = self.item_design[movies]
        base, popularity = self.item_base[movies], self.item_popularity[movies]
        stars = base + th.einsum("bw,bkw->bk", obs[:, layout.taste_mean], design)
        overlap = th.einsum("bg,bkg->bk", obs[:, layout.genre_mix], self.item_directions[movies])
        doubt = th.einsum("bw,bkw->bk", obs[:, layout.taste_deviation] ** 2, design**2).sqrt()
        start = stars + weights[0] * popularity + weights[1] * doubt - weights[2] * overlap
        best = start.masked_fill(~there, -th.inf).amax(dim=1, keepdim=True).nan_to_num(neginf=0.0)
        stars, base, popularity = stars - STARS, base - STARS, popularity - WELL_KNOWN
        parts = [start - best, stars, base, popularity, overlap, doubt]
        return start, PAIR_SCALE * th.stack([*parts, stars * popularity, stars * overlap, popularity**2], dim=2)

    def _trunk(self, obs: th.Tensor, start: th.Tensor, there: th.Tensor) -> th.Tensor:
        columns = state_columns(obs.detach().cpu().numpy(), self.layout)
        seen = start.masked_fill(~there, STARS)
        summary = th.stack([seen[:, 0], seen[:, :10].mean(dim=1), seen[:, -1]], dim=1) - STARS
        return self.trunk(th.cat([th.from_numpy(columns).to(obs.device), summary], dim=1))

    def _vectors(self, movies: th.Tensor) -> th.Tensor:
        """psi (..., width): each of the movies is worked out once, however often it is asked."""
        distinct, place = th.unique(movies, return_inverse=True)
        return self.vectors(distinct)[place]

    def vectors(self, movies: th.Tensor) -> th.Tensor:
        """psi (c, width) of movies (c,)."""
        learned: th.Tensor = self.psi(self.item_features[movies]) + self.own(self.own_place[movies])
        return self.item_config.product_rate * learned

    def _hidden(self, obs: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """Rows and movies that may not be shown: by row number into the known histories, never a mask in the replay."""
        seen = obs.detach().cpu().numpy()
        known = self.known.take(self.layout.users_of(seen))
        rows, columns = np.nonzero(self.layout.shown_of(seen) >= 0)
        shown = self.layout.shown_of(seen)[rows, columns]
        both = np.concatenate([known.rows, rows]), np.concatenate([known.movies.astype(np.int64), shown])
        return th.from_numpy(both[0]).to(obs.device), th.from_numpy(both[1]).to(obs.device)


class PlainQNetwork(ItemQNetwork):
    """The comparison: one output of the trunk for every movie, and nothing about movies but their number."""

    def _build_head(self, n: int, config: NetworkConfig) -> None:
        self.outputs = zero(nn.Linear(config.trunk[-1], n))

    def _advantage(self, trunk: th.Tensor, movies: th.Tensor, numbers: th.Tensor) -> th.Tensor:
        return self.outputs(trunk).gather(1, movies)


class ItemDQNPolicy(DQNPolicy):
    """Stable-Baselines3's policy around one of these networks, `kind`."""

    def __init__(
        self, *args: Any, network: dict[str, Any], kind: type[ItemQNetwork] = ItemQNetwork, **kwargs: Any
    ) -> None:
        self.network, self.kind = network, kind
        super().__init__(*args, **kwargs)

    def make_q_net(self) -> ItemQNetwork:
        arguments = self._update_features_extractor(self.net_args, features_extractor=None)
        return self.kind(**arguments, **self.network).to(self.device)


def _mean(values: th.Tensor, there: th.Tensor) -> th.Tensor:
    """(b, 1) over the places that hold a movie."""
    return (values * there).sum(dim=1, keepdim=True) / there.sum(dim=1, keepdim=True).clamp(min=1)


def trunk_of(inputs: int, config: NetworkConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = inputs
    for hidden in config.trunk:
        layers += [nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.LeakyReLU(SLOPE), nn.Dropout(config.dropout)]
        width = hidden
    return nn.Sequential(*layers)


def zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
