"""Everything an agent is trained and judged in, made of one data set: people split, tastes fitted, simulators ready.

Order matters: users are split first, then the movies' side of tastes, popularity and features come from training users
alone. Validation and held-out users bring nothing but their own ratings into their own simulators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.content_state import catalogue_texts, movie_features
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.simulators.base import Simulator, Temper
from recsys_assets.agents.simulators.by_factors import FactorPeople
from recsys_assets.agents.simulators.by_neighbours import NeighbourPeople
from recsys_assets.agents.simulators.calibration import fit_cuts
from recsys_assets.agents.tastes import TasteConfig, TasteModel
from recsys_assets.agents.users import GROUPS, Group, KnownSplit, groups_of, split_known
from recsys_assets.agents.world import World
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.data import (
    Histories,
    Ids,
    IntArray,
    TrainingData,
    align_catalogue,
    align_people,
    histories_of,
)
from recsys_assets.recommenders.models import build


class SettingConfig(BaseModel, extra="forbid", frozen=True):
    """How the world of the agents is made."""

    taste: TasteConfig = TasteConfig()
    temper: Temper = Temper()
    rewards: Rewards = Rewards()
    text_width: PositiveInt = 100
    """Numbers that a movie's text is brought down to."""


@dataclass(frozen=True)
class AgentSetting:
    """`users` (group -> ids) are disjoint; nothing but `histories["train"]` enters what an agent learns from."""

    config: SettingConfig
    """As asked for, with the temper's fitted cuts."""
    seed: int
    world: World
    model: TasteModel
    """The service's beliefs, and simulator A's tastes: both of training users."""
    users: Mapping[Group, IntArray]
    histories: Mapping[Group, Histories]
    splits: Mapping[Group, KnownSplit]
    training: TrainingData
    """Of training users: what rival recommenders are fitted on."""

    @property
    def layout(self) -> ObservationLayout:
        return ObservationLayout(self.model.width, self.world.n_genres, self.config.temper.horizon)

    def simulator_a(self, group: Group, *, temper: Temper | None = None) -> FactorPeople:
        """People of `group` by factors; `temper` for studies of its constants."""
        return FactorPeople.of(
            f"A, {group} users",
            self.world,
            temper or self.config.temper,
            self.model,
            self.histories[group],
            self.splits[group].known,
            seed=self.seed,
        )

    def simulator_b(self, group: Group, *, temper: Temper | None = None) -> NeighbourPeople:
        """People of `group` by neighbours; a few hundred at most are held at once."""
        knn = build("rating_knn").fit_data(self.training)
        assert isinstance(knn, RatingPredictor)
        return NeighbourPeople.of(
            f"B, {group} users",
            self.world,
            temper or self.config.temper,
            knn,
            self.histories[group],
            self.splits[group].known,
            noise=self.model.noise,
        )

    def sessions(self, simulator: Simulator) -> Sessions:
        return Sessions(simulator, self.model, self.config.rewards)


def make_setting(
    interactions: pl.DataFrame,
    catalogue: pl.DataFrame,
    config: SettingConfig | None = None,
    *,
    seed: int,
    progress: Progress = silent,
) -> AgentSetting:
    """Split the people of Interactions and fit what training users teach."""
    users = Ids.of(interactions["user_id"].to_numpy())
    movies = Ids.of(catalogue["movie_id"].to_numpy(), interactions["movie_id"].to_numpy())
    return setting_of(
        TrainingData(
            users,
            movies,
            histories_of(interactions, users, movies),
            align_catalogue(catalogue, movies),
            seed,
            progress,
            align_people(None, users),
        ),
        config,
    )


def setting_of(data: TrainingData, config: SettingConfig | None = None) -> AgentSetting:
    """The same of people and movies that are numbered already. Raises ValueError where a group would be empty."""
    rows = groups_of(data.users.values, seed=data.seed)
    if empty := [group for group in GROUPS if len(rows[group]) == 0]:
        raise ValueError(
            f"no user is left to be {' or '.join(empty)}: {len(data.users):,} users are too few to train an agent "
            "and to judge it. Use a larger data set."
        )
    return _setting(data, rows, config or SettingConfig())


def production_setting(
    data: TrainingData, config: SettingConfig | None = None, *, model: TasteModel | None = None
) -> AgentSetting:
    """Nobody is held out: for an agent that is served, and judged by what it was not fitted on elsewhere.

    Where users are too few to choose a checkpoint by, everyone does both. `model`: tastes are believed by it, and not
    fitted anew, so that what was learned of them goes on to mean the same.
    """
    rows = groups_of(data.users.values, seed=data.seed, held_out_share=0.0)
    if not (len(rows["train"]) and len(rows["validation"])):
        rows = {group: np.arange(len(data.users)) for group in GROUPS}
    return _setting(data, rows, config or SettingConfig(), model)


def _setting(
    data: TrainingData, rows: Mapping[Group, IntArray], config: SettingConfig, model: TasteModel | None = None
) -> AgentSetting:
    histories = {group: data.histories.take(rows[group]) for group in GROUPS}
    ids = {group: data.users.values[rows[group]] for group in GROUPS}
    trained = Ids(ids["train"])
    training = replace(data, users=trained, histories=histories["train"], people=align_people(None, trained))
    model = model or TasteModel.fit(training, config.taste)
    world = _world(training, config)
    config = config.model_copy(update={"temper": _calibrated(config.temper, model, training)})
    splits = {group: split_known(histories[group], ids[group], seed=data.seed) for group in GROUPS}
    data.progress(f"agents: {', '.join(f'{len(ids[g]):,} {g}' for g in GROUPS)} users, {len(world):,} movies")
    return AgentSetting(config, data.seed, world, model, ids, histories, splits, training)


def _calibrated(temper: Temper, model: TasteModel, training: TrainingData) -> Temper:
    """With cuts by which training users would act as they rate, where the config gives none."""
    if temper.felt is not None:
        return temper
    return temper.model_copy(update={"felt": fit_cuts(model.as_rated, training.histories, temper.stars)})


def _world(training: TrainingData, config: SettingConfig) -> World:
    n = len(training.movies)
    counts = np.bincount(training.histories.movies, minlength=n)
    sums = np.bincount(training.histories.movies, training.histories.ratings, minlength=n)
    ratings = np.where(counts > 0, 2 * sums / np.maximum(counts, 1), np.nan).astype(np.float32)  # stars to 0-10
    world = World.of(training.movies, training.catalogue, counts, np.empty((n, 0), dtype=np.float32))
    features = movie_features(
        world.genres, catalogue_texts(training.catalogue), ratings, seed=training.seed, text_width=config.text_width
    )
    return World.of(training.movies, training.catalogue, counts, features)
