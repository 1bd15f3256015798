"""Is simulator A like the people it is made of? Asked of held-out users, whom nothing was fitted on.

- Tastes: RMSE of the ratings a service does not know, given those it knows, against the movies' own level.
- Calibration: how often the model says that a rating is liked, watched, clicked or skipped, and how often it is.
- Sessions: how long they are. No public log tells; the length is shown beside that of rating sessions (breaks of more
  than half an hour), for a person to judge, and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Temper
from recsys_assets.agents.tastes import fold_in_rmse
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

BETTER_BY = 0.02
"""Share by which the fold-in RMSE must be below that of the movies' level."""
CALIBRATED = 0.05
"""Largest difference between a predicted and an observed share of a class."""
BREAK_SECONDS = 1800


@dataclass(frozen=True)
class SimulatorReport:
    """`predicted` and `observed`: shares of like, watch, click, skip among hidden ratings of held-out users."""

    fold_in_rmse: float
    level_rmse: float
    n_ratings: int
    predicted: FloatArray
    observed: FloatArray
    rating_session_lengths: IntArray
    """(n,) ratings in a row without a break."""
    noise: float
    """Standard deviation, rating points."""

    @property
    def passed(self) -> bool:
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not as it should be, in words."""
        found = []
        if self.fold_in_rmse > (1 - BETTER_BY) * self.level_rmse:
            found.append(
                f"tastes tell little: RMSE {self.fold_in_rmse:.3f} of held-out users' ratings, {self.level_rmse:.3f} "
                f"by the movies' level alone; {BETTER_BY:.0%} less is asked for"
            )
        worst = float(np.abs(self.predicted - self.observed).max())
        if worst > CALIBRATED:
            found.append(f"a class is {worst:.3f} off its share; {CALIBRATED} is allowed")
        return tuple(found)

    @property
    def summary(self) -> str:
        """One sentence for the check."""
        if self.faults:
            return "; ".join(self.faults)
        return (
            f"fold-in RMSE {self.fold_in_rmse:.3f} against {self.level_rmse:.3f} by level on {self.n_ratings:,} "
            f"ratings of held-out users; classes at most {np.abs(self.predicted - self.observed).max():.3f} off"
        )


def validate_simulator(setting: AgentSetting) -> SimulatorReport:
    """Compare the model with held-out users' ratings that a service does not know."""
    split = setting.splits["held_out"]
    by_taste, by_level = fold_in_rmse(setting.model, split.known, split.hidden)
    return SimulatorReport(
        by_taste,
        by_level,
        len(split.hidden.movies),
        _predicted(setting, split.known, split.hidden),
        _observed(setting.config.temper, split.hidden.ratings),
        _session_lengths(setting.histories["held_out"]),
        setting.model.noise**0.5,
    )


def _predicted(setting: AgentSetting, known: Histories, hidden: Histories) -> FloatArray:
    beliefs, rows, movies = setting.model.believe(known), hidden.rows, hidden.movies.astype(np.int64)
    a = setting.model.design[movies]
    mean = setting.model.rate(beliefs.mean[rows], movies)
    variance = np.einsum("ni,nij,nj->n", a, beliefs.covariance[rows], a) + setting.model.noise
    above = [1 - ndtr((cut - mean) / np.sqrt(variance)) for cut in setting.config.temper.thresholds]
    like, watch, click = (float(p.mean()) for p in above)
    return np.array([like, watch - like, click - watch, 1 - click], dtype=np.float32)


def _observed(temper: Temper, ratings: FloatArray) -> FloatArray:
    shares = [float((ratings >= cut).mean()) for cut in temper.thresholds]
    like, watch, click = shares
    return np.array([like, watch - like, click - watch, 1 - click], dtype=np.float32)


def _session_lengths(histories: Histories) -> IntArray:
    gaps = np.diff(histories.timestamps, prepend=0)
    begins = (gaps > BREAK_SECONDS) | (np.diff(histories.rows, prepend=-1) != 0)
    return np.bincount(np.cumsum(begins) - 1) if len(gaps) else np.zeros(0, dtype=np.int64)
