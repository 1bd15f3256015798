"""People of another data set as judges: their tastes come from ratings that nothing here was made of.

Movies are the same where title and year are (ids differ between sources). A factorization of the other data set's own
training users gives the tastes of its held-out users; what is known of them reaches the service as ever, and the
service believes by its own model. Movies that the other data set lacks are not on offer: nobody could say what its
people think of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.by_factors import FactorPeople
from recsys_assets.agents.simulators.calibration import fit_cuts
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.users import groups_of, split_known
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import Histories, Ids, IntArray, TrainingData, align_people, histories_of

LEAST_SHARED = 50
"""Movies without which sessions would say nothing."""
MOST_PEOPLE = 500


@dataclass(frozen=True)
class Elsewhere:
    """`sessions` with people of data set `name`; `n_shared` movies are on offer."""

    name: str
    sessions: Sessions
    n_shared: int


class SessionsOnOffer(Sessions):
    """Sessions in which some movies may not be shown to anybody: policies are told as if everyone knew them.

    Beliefs come from what is really known. For policies that look at observations and nothing else: one that folds in
    `known` anew would take what is not on offer for rated.
    """

    def __init__(self, simulator: FactorPeople, setting: AgentSetting, on_offer: np.ndarray) -> None:
        super().__init__(simulator, setting.model, setting.config.rewards)
        absent = np.flatnonzero(~on_offer)
        known, n = simulator.known, len(simulator.known)
        rows = np.concatenate([known.rows, np.repeat(np.arange(n), len(absent))])
        movies = np.concatenate([known.movies, np.tile(absent, n)])
        nothing = np.zeros(len(rows))
        self.known = Histories.from_columns(rows, n, movies, nothing.astype(np.float32), nothing.astype(np.int64))
        self._known_keys = np.sort(self.known.rows * len(on_offer) + self.known.movies)


def people_elsewhere(
    setting: AgentSetting,
    interactions: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    name: str,
    most: int = MOST_PEOPLE,
    seed: int = 0,
    progress: Progress = silent,
) -> Elsewhere:
    """Held-out users of another data set, `most` at most, in the world of `setting`."""
    shared = same_movies(catalogue, setting.world.catalogue)
    ratings = interactions.join(shared, on="movie_id", how="inner").select(
        "user_id", "rating", "timestamp", movie_id="other_id"
    )
    if len(shared) < LEAST_SHARED or ratings.is_empty():
        raise ValueError(
            f"{name} has {len(shared)} movies in common with this data set by title and year; {LEAST_SHARED} are "
            "needed to hold sessions there. Choose a data set of the same kind of movies."
        )
    movies, users = setting.world.movies, Ids.of(ratings["user_id"].to_numpy())
    histories = histories_of(ratings, users, movies)
    rows = groups_of(users.values, seed=seed)
    training = histories.take(rows["train"])
    trained = Ids(users.values[rows["train"]])
    model = TasteModel.fit(
        TrainingData(trained, movies, training, setting.world.catalogue, seed, progress, align_people(None, trained)),
        setting.config.taste,
    )
    people = _people(setting, model, histories, training, rows["held_out"][:most], users, name=name, seed=seed)
    on_offer = np.zeros(len(movies), dtype=bool)
    on_offer[movies.index(shared["other_id"].to_numpy())] = True
    return Elsewhere(name, SessionsOnOffer(people, setting, on_offer), len(shared))


def _people(
    setting: AgentSetting,
    model: TasteModel,
    histories: Histories,
    training: Histories,
    rows: IntArray,
    users: Ids,
    *,
    name: str,
    seed: int,
) -> FactorPeople:
    """How well known a movie is, and from when they like one, is of their own data set."""
    counts = np.log1p(np.bincount(training.movies, minlength=len(setting.world)))
    world = replace(setting.world, popularity=(counts / max(1.0, float(counts.max()))).astype(np.float32))
    own = histories.take(rows)
    known = split_known(own, users.values[rows], seed=seed).known
    temper = setting.config.temper
    temper = temper.model_copy(update={"felt": fit_cuts(model, training, temper.stars)})
    return FactorPeople.of(f"A of {name}", world, temper, model, own, known, seed=seed)


def same_movies(theirs: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Pairs `movie_id` of `theirs`, `other_id` of `ours`: title and year agree, and name one movie on each side."""
    keyed = [
        c.select(
            "movie_id",
            "year",
            title=pl.col("title").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(),
        )
        .drop_nulls()
        .unique(["title", "year"], keep="none")
        for c in (theirs, ours)
    ]
    return (
        keyed[0]
        .join(keyed[1].rename({"movie_id": "other_id"}), on=["title", "year"], how="inner")
        .select("movie_id", "other_id")
        .sort("movie_id")
    )
