"""The Gibbs sampler of myfm, run on blocks of features, a draw at a time."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from recsys_assets.progress import Progress
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.fm_posterior import Draw, Posterior

START = 0.1
"""Standard deviation of the parameters that the sampler starts from."""


def draw_posterior(
    posterior: Posterior, histories: Histories, *, rank: int, draws: int, burn_in: int, seed: int, progress: Progress
) -> None:
    """Draw from the posterior given all ratings; each draw after the burn-in is added to `posterior`."""
    myfm = _myfm()
    users, movies, moments = posterior.users, posterior.movies, posterior.moments
    blocks = [
        myfm.RelationBlock(histories.rows.tolist(), users.values),
        myfm.RelationBlock(histories.movies.tolist(), movies.values),
    ]
    sizes = [*map(len, moments.keys), *users.groups, *movies.groups]
    settings = myfm.ConfigBuilder()
    settings.set_task_type(myfm.TaskType.REGRESSION)
    settings.set_n_iter(draws)
    settings.set_n_kept_samples(0)  # each is added up as it comes
    settings.set_group_index(np.repeat(np.arange(len(sizes)), sizes).tolist())
    started = reported = time.monotonic()

    def listen(step: int, machine: Any, priors: Any, history: Any) -> bool:
        nonlocal reported
        if step >= burn_in:
            posterior.add(Draw(machine.w0, *map(np.asarray, (machine.w, machine.V, priors.mu_w, priors.mu_V))))
        if (now := time.monotonic()) - reported >= 2:
            reported = now
            progress(f"draw {step + 1}/{draws}, {now - started:.0f} s")
        return False

    ratings = histories.ratings.astype(np.float64)
    when = moments.one_hot(histories)
    myfm.create_train_fm(rank, START, when, blocks, ratings, seed % 2**31, settings.build(), listen)


def _myfm() -> Any:
    """myfm's own module; on Python 3.11 the package around it warns of setuptools' pkg_resources."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        from myfm import _myfm as module  # type: ignore[import-untyped]
    return module
