"""Worlds in which training users are as new to the tastes as those who come later (cross-fitting).

Training users' ratings made the movies' side of tastes, so that it foretells these very ratings far better than anybody
else's: in ml-latest-small the fold-in RMSE is .72 on training users, .93 on people who come later, and .87 to 1.01 on
each fold of training users by what the other folds teach. Whoever learns among training users as they are learns to
trust beliefs that newcomers do not bear out. Here each fold meets beliefs, and has tastes, by a factorization that
never saw it (Wolpert's stacking, 1992; Chernozhukov et al.'s cross-fitting, 2018).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import Ids, IntArray, TrainingData, align_people

FOLDS = 4
FOLD_ROUNDS = 20
"""Of the factorization of a fold: after so many it hardly changes."""


def crossfitted(setting: AgentSetting, *, folds: int = FOLDS) -> tuple[AgentSetting, ...]:
    """One setting a fold: its `train` users are the fold's, its tastes are of the other training users.

    Of hardly any users there are no folds: they are in the setting as they are.
    """
    parts = fold_rows(setting, folds)
    return tuple(_world_of(setting, own, others) for own, others in parts) or (setting,)


def fold_rows(setting: AgentSetting, folds: int) -> list[tuple[IntArray, IntArray]]:
    """Rows of the training users of each fold, and of all others; nothing where they are too few."""
    rows = np.arange(len(setting.users["train"]))
    if len(rows) < 2 * folds:
        return []
    fold = np.random.default_rng([setting.seed, folds]).permutation(rows) % folds
    return [(rows[fold == n], rows[fold != n]) for n in range(folds)]


def tastes_of(setting: AgentSetting, rows: IntArray) -> tuple[TrainingData, TasteModel]:
    """The training data of some training users, and tastes fitted on them alone."""
    users = Ids(setting.training.users.values[rows])
    training = replace(
        setting.training,
        users=users,
        histories=setting.training.histories.take(rows),
        people=align_people(None, users),
    )
    taste = setting.config.taste
    return training, TasteModel.fit(training, taste.model_copy(update={"rounds": min(FOLD_ROUNDS, taste.rounds)}))


def _world_of(setting: AgentSetting, own: IntArray, others: IntArray) -> AgentSetting:
    """Renown and the cuts of acts stay those of all training users: what is public is public to newcomers too."""
    training, model = tastes_of(setting, others)
    split = setting.splits["train"]
    people = replace(split, known=split.known.take(own), hidden=split.hidden.take(own))
    return replace(
        setting,
        model=model,
        training=training,
        users={**setting.users, "train": setting.users["train"][own]},
        histories={**setting.histories, "train": setting.histories["train"].take(own)},
        splits={**setting.splits, "train": people},
    )
