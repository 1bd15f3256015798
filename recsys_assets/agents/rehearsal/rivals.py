"""The best policy that learns nothing by reinforcement, refitted on ratings and feedback: what learning has to beat."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.preferences.levels import as_stars
from recsys_assets.agents.rehearsal.service import Service, service_by
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.feedback.training_data import JoinRules
from recsys_assets.recommenders.data import Ids, TrainingData, align_people, histories_of

REFITTED = "tuned re-ranker, refitted on the same feedback"


def refitted_rival(
    setting: AgentSetting, interactions: pl.DataFrame, weights: Weights
) -> Callable[[pl.DataFrame], Service]:
    """Tastes are factorized anew from `interactions` and the acts as ratings; the re-ranker's `weights` stay."""

    def refit(feedback: pl.DataFrame) -> Service:
        told = interactions.select("user_id", "movie_id", "rating", "timestamp")
        ratings = pl.concat([told, as_ratings(feedback).cast(dict(told.schema))])  # type: ignore[arg-type]
        users = Ids.of(ratings["user_id"].to_numpy())
        movies, catalogue = setting.world.movies, setting.world.catalogue
        data = TrainingData(
            users,
            movies,
            histories_of(ratings, users, movies),
            catalogue,
            setting.seed,
            setting.training.progress,
            align_people(None, users),
        )
        model = TasteModel.fit(data, setting.config.taste)
        policy = belief_policy(setting, weights, name=REFITTED)
        policy.model = model
        return service_by(policy, model, version=f"{len(feedback):,} events")

    return refit


def of_people(feedback: pl.DataFrame) -> pl.DataFrame:
    """Without accounts that spoke of too few movies to join any training."""
    least = JoinRules().least_movies
    return feedback.filter(pl.col("movie_id").n_unique().over("user_id") >= least)


def as_ratings(feedback: pl.DataFrame) -> pl.DataFrame:
    """Acts as the stars a service takes them for, one a person and movie, the last; an ignored movie is nothing."""
    return (
        as_stars(feedback)
        .filter(pl.col("weight") > 0)
        .sort("timestamp")
        .unique(["user_id", "movie_id"], keep="last", maintain_order=True)
        .select("user_id", "movie_id", pl.col("stars").alias("rating"), pl.col("timestamp").cast(pl.Datetime("us")))
    )
