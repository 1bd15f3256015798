"""Switch: for each user the model that serves histories of that length best, and content for movies nobody rated.

    nothing known, genres named     the best rated of these genres      (`newcomers`)
    nothing known                   the best rated of all
    some ratings known              the part of the bucket of their number    (`switch_rule`: measured in `fit`)
    a movie without any rating      the place that content earns it           (`cold_movies`: measured in `fit`)

A switching hybrid (Burke, UMUAI 2002). For the measurements the last tenth of each user's ratings is held out and the
parts are fitted on the rest; those that answer anyone are then fitted again on everything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand, together
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.cold_movies import NEVER, ColdRule, choose_stretch, placed, tried
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.hybrid_search import Search, Split, hold_out
from recsys_assets.recommenders.parts import NamedParts, build_parts, fit_parts, part_score, parts_state, restore_parts
from recsys_assets.recommenders.results import Route
from recsys_assets.recommenders.switch_rule import Bucket, Rule, buckets_of, choose, shortened

BLOCK = 256
"""Validation users scored at once."""
COLD_PART = "content"
"""The part that knows movies nobody rated."""


class SwitchConfig(NamedParts):
    whole = "switch"
    part_defaults: ClassVar = {
        "popularity": {"order": "count"},
        "content": {"interest": 1.0, "half_life": 10, "prior": 0.0},
    }
    """Tuned for ranking what is watched next, and content without its prior for being known, which would put movies
    nobody rated behind all others: of the places in lists on ml-latest-small 0.4 % went to them with it, 2.1 % without
    at the price of 1 %."""
    parts: tuple[str, ...] = Field(default=("markov", "item_knn", "ials", "content", "popularity"), min_length=1)
    """Names of the models that may answer; of equal ones the first does. On ml-latest-small `markov` answers up to 20
    ratings and `item_knn` from 21 on, on ml-100k `ials` everyone."""
    edges: tuple[PositiveInt, ...] = (2, 5, 10, 20, 50)
    """Upper ends of the buckets of history length; the last bucket is open."""
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of each user's ratings, the last ones, that is held out; at least one of two."""
    validation_users: PositiveInt = 1000
    """Users drawn for each measurement."""
    stretches: tuple[float, ...] = (1, 1.5, 2, 3, 5, 7, 10)
    """How far apart cold movies may be put, as `cold_movies` says; the smallest affordable one is used."""
    cold_price: float = Field(default=0.01, ge=0, lt=1)
    """Share of NDCG@10 on validation that places for cold movies may cost."""

    @model_validator(mode="after")
    def _edges_ascend(self) -> Self:
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"edges must ascend, found {', '.join(map(str, self.edges))}")
        return self

    def models_of_parts(self) -> dict[str, str]:
        return {name: name for name in (*self.parts, COLD_PART)}


class Switch(Recommender):
    """Whoever serves this user best."""

    name = "switch"
    Config = SwitchConfig
    config: SwitchConfig
    rule: Rule
    """Who answers which history."""
    cold_rule: ColdRule
    """Which places movies get that nobody rated."""
    parts: dict[str, Recommender]
    """The parts that answer, and content."""

    def rule_table(self) -> pl.DataFrame:
        """A row a bucket of history lengths: who answers, users measured, NDCG@10 of every part."""
        self._require_fitted()
        return self.rule.table()

    def cold_table(self) -> pl.DataFrame:
        """A row a stretch that was tried: NDCG@10, the share of cold movies in lists, and which is used."""
        self._require_fitted()
        return self.cold_rule.table()

    def _fit(self, data: TrainingData) -> None:
        split = hold_out(data.histories, share=self.config.validation_share, seed=data.seed)
        trial = build_parts(self.config) if split.held.lengths.any() else {}
        fit_parts(trial, replace(data, histories=split.train), whole=self.name)
        self.rule = self._measured(trial, split, data)
        self.cold_rule = self._cold_measured(trial, split, data)
        self._take_parts()
        fit_parts(self.parts, data, whole=self.name)

    def _measured(self, trial: dict[str, Recommender], split: Split, data: TrainingData) -> Rule:
        gains = []
        for place, bucket in enumerate(buckets_of(self.config.edges)):
            rng = np.random.default_rng([data.seed, place])
            users = self._measurable(split, bucket, rng) if trial else np.empty(0, dtype=np.int64)
            lengths = rng.integers(bucket.first, bucket.last, len(users), endpoint=True) if bucket.last else None
            by_part = [self._gains(trial[p], split, users, lengths) for p in self.config.parts if len(users)]
            gains.append(np.stack(by_part, axis=1) if by_part else np.empty((0, len(self.config.parts))))
        rule = choose(self.config.parts, self.config.edges, gains)
        told = ", ".join(f"{bucket}: {rule.parts[p]}" for bucket, p in zip(rule.buckets, rule.chosen, strict=True))
        data.progress(f"switch: ratings known and who answers: {told}")
        return rule

    def _measurable(self, split: Split, bucket: Bucket, rng: np.random.Generator) -> IntArray:
        """Users with something held out and enough before it to fill the bucket, at most `validation_users`."""
        able = np.flatnonzero((split.held.lengths > 0) & (split.train.lengths >= (bucket.last or bucket.first)))
        return np.sort(rng.permutation(able)[: self.config.validation_users])

    def _gains(self, part: Recommender, split: Split, users: IntArray, lengths: IntArray | None) -> NDArray[np.float64]:
        """NDCG@10 (n,) of a part that knows the last `lengths` ratings of each user as a newcomer's; None: all."""
        found = []
        for start in range(0, len(users), BLOCK):
            block = users[start : start + BLOCK]
            search = Search.among(split, block)
            if lengths is None:
                scores = part._score(search.train, block)
            else:
                scores = part._score(shortened(search.train, lengths[start : start + BLOCK]), np.full(len(block), -1))
            found.append(search.gains(search.lists(scores)))
        return np.concatenate(found)

    def _cold_measured(self, trial: dict[str, Recommender], split: Split, data: TrainingData) -> ColdRule:
        cold = np.bincount(split.train.movies, minlength=len(data.movies)) == 0
        if not trial or not cold.any():
            return ColdRule.never()
        stretches = np.array([NEVER, *sorted(self.config.stretches)])
        users = Search.of(split, n_users=self.config.validation_users, seed=data.seed).users
        found = []
        for start in range(0, len(users), BLOCK):
            search = Search.among(split, users[start : start + BLOCK])
            scores = routed(self.rule, trial, search.train, search.users)
            content = trial[COLD_PART]._score(search.train, search.users)
            found.append(tried(search, scores, content, cold, stretches))
        ndcg, share = (np.concatenate(figures, axis=1).mean(axis=1) for figures in zip(*found, strict=True))
        rule = choose_stretch(stretches, ndcg, share, price=self.config.cold_price)
        data.progress(f"switch: movies nobody rated take {rule.words}")
        return rule

    def _take_parts(self) -> None:
        """Those that are asked, not yet fitted."""
        asked = (*self.rule.answering, COLD_PART)
        self.parts = {name: part for name, part in build_parts(self.config).items() if name in asked}
        self.cold = np.bincount(self.histories.movies, minlength=len(self.movies)) == 0

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        scores = routed(self.rule, self.parts, histories, users)
        rows = np.flatnonzero(self._part_of(histories) != COLD_PART) if self.cold.any() else np.empty(0, dtype=int)
        if len(rows):
            some = _of(histories, rows)
            content = part_score(self.parts[COLD_PART], some, users[rows])
            scores[rows] = placed(scores[rows], content, some, self.cold, self.cold_rule.chosen)
        return scores

    def _part_of(self, histories: Histories) -> NDArray[np.str_]:
        return np.array(self.rule.parts)[self.rule.chosen[self.rule.bucket_of(histories.lengths)]]

    def _route(self, n_ratings: int) -> Route:
        return self.rule.route(n_ratings)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        """Movies that nobody rated are placed by their content, all others by the part that answers such a history."""
        name = str(self._part_of(history)[0])
        by_content = self.cold[movies] & (name != COLD_PART)
        told = []
        for part, mine in ((self.parts[name], ~by_content), (self.parts[COLD_PART], by_content)):
            at = np.flatnonzero(mine)
            if not len(at):
                continue
            own = part_score(part, history, np.array([user]))[0, movies[at]].astype(np.float64)
            account = part._accounts(history, user, movies[at], own)
            if part is self.parts[COLD_PART] and by_content[at].all():
                label = f"nobody rated it yet: its content, {self.cold_rule.words}"
                account = together([account, Accounts((Summand("part", label, scores[at] - own),))])
            told.append(account.spread(at, len(movies)))
        return together(told)

    @property
    def knows_similar(self) -> bool:
        return True

    def _similar(self, movies: IntArray) -> FloatArray:
        """As the part that answers the longest histories has it, content where that one can't tell."""
        return self._knowing._similar(movies)

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        return self._knowing._similar_to(movies, others)

    @property
    def _knowing(self) -> Recommender:
        strongest = self.parts[self.rule.parts[self.rule.chosen[-1]]]
        return strongest if strongest.knows_similar else self.parts[COLD_PART]

    def _state(self) -> dict[str, NDArray[Any]]:
        rule, cold = self.rule, self.cold_rule
        own = {f"rule.{n}": getattr(rule, n) for n in ("ndcg", "users", "chosen")}
        own |= {f"cold.{n}": getattr(cold, n) for n in ("stretches", "ndcg", "share")}
        own["cold.chosen"] = np.array(cold.chosen)
        return own | parts_state(self.parts)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        rule = {n: state[f"rule.{n}"] for n in ("ndcg", "users", "chosen")}
        self.rule = Rule(self.config.parts, self.config.edges, **rule)
        cold = {n: state[f"cold.{n}"] for n in ("stretches", "ndcg", "share")}
        self.cold_rule = ColdRule(**cold, chosen=float(state["cold.chosen"]))
        self._take_parts()
        restore_parts(self.parts, state, whole=self)


def routed(rule: Rule, parts: dict[str, Recommender], histories: Histories, users: IntArray) -> FloatArray:
    """Scores (b, n_movies) of `b` histories, none empty, each by the part of its bucket."""
    chosen = rule.chosen[rule.bucket_of(histories.lengths)]
    found = [(np.flatnonzero(chosen == place), parts[rule.parts[place]]) for place in np.unique(chosen).tolist()]
    scores = [(rows, part_score(part, _of(histories, rows), users[rows])) for rows, part in found]
    whole = np.empty((len(histories), scores[0][1].shape[1]), dtype=np.float32)
    for rows, own in scores:
        whole[rows] = own
    return whole


def _of(histories: Histories, rows: IntArray) -> Histories:
    """These rows; the very histories where it is all of one."""
    return histories if len(rows) == len(histories) == 1 else histories.take(rows)
