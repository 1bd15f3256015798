"""Is simulator A like the people it is made of? Asked of held-out users, whom nothing was fitted on.

- Tastes: RMSE of the ratings a service does not know, given those it knows, against the movies' own level.
- Calibration: how often the model says that a rating is liked, watched, clicked or skipped, and how often it is; in
  all, and by fifths of the chance foretold.
- Behaviour: the constants assumed beside what rating logs bear out, and how long simulated sessions are beside rating
  sessions. No public log tells how people leave a list of recommendations, so this is for a person to judge and decides
  nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.rollout import SessionLog, rollout
from recsys_assets.agents.policies.simple import PopularPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Temper
from recsys_assets.agents.simulators.calibration import Felt, chance_error, classes, given_above, reliability
from recsys_assets.agents.simulators.evidence import Evidence, behaviour_evidence
from recsys_assets.agents.tastes import fold_in_rmse
from recsys_assets.recommenders.data import FloatArray, IntArray

BETTER_BY = 0.02
"""Share by which the fold-in RMSE must be below that of the movies' level."""
CALIBRATED = 0.05
"""Largest difference between a predicted and an observed share of a class, beyond two standard errors over users."""
SESSION_SEEDS = 5


@dataclass(frozen=True)
class SimulatorReport:
    """`predicted` and `observed`: shares of like, watch, click, skip among hidden ratings of held-out users."""

    fold_in_rmse: float
    level_rmse: float
    n_ratings: int
    predicted: FloatArray
    observed: FloatArray
    chance: FloatArray
    """(4,) standard error of their differences, over users."""
    reliability: tuple[FloatArray, FloatArray, FloatArray]
    """Of liked, at least watched, at least clicked: rows of chance foretold, share that came, ratings."""
    noise: float
    """Standard deviation, rating points."""
    temper: Temper
    """What is assumed, with the fitted cuts."""
    evidence: Evidence
    """What rating logs of training users say of it."""
    simulated: SessionLog
    """Sessions of held-out people who are shown the most rated movies."""

    @property
    def passed(self) -> bool:
        return not self.faults

    @property
    def simulated_shares(self) -> FloatArray:
        """(5,) share of each act where the most rated movies are shown."""
        return self.simulated.act_shares

    @property
    def simulated_lengths(self) -> IntArray:
        """(n,) steps of those sessions."""
        return self.simulated.lengths

    @property
    def off(self) -> FloatArray:
        """(4,) by how much each share is off."""
        difference: FloatArray = np.abs(self.predicted - self.observed)
        return difference

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not as it should be, in words."""
        found = []
        if self.n_ratings == 0:
            return ("held-out users have no ratings to compare with: use a larger data set",)
        if self.fold_in_rmse > (1 - BETTER_BY) * self.level_rmse:
            found.append(
                f"tastes tell little: RMSE {self.fold_in_rmse:.3f} of held-out users' ratings, {self.level_rmse:.3f} "
                f"by the movies' level alone; {BETTER_BY:.0%} less is asked for. More ratings a user, or other "
                "`taste.factors`, help"
            )
        act = int((self.off - 2 * self.chance).argmax())
        if self.off[act] - 2 * self.chance[act] > CALIBRATED:
            found.append(
                f"{Act(act).name.lower()} is {self.off[act]:.3f} off its share ({self.predicted[act]:.3f} foretold, "
                f"{self.observed[act]:.3f} of {self.n_ratings:,} ratings); {CALIBRATED} and twice the standard error "
                f"of {self.chance[act]:.3f} are allowed"
            )
        return tuple(found)

    @property
    def summary(self) -> str:
        """One sentence for the check."""
        if self.faults:
            return "; ".join(self.faults)
        return (
            f"fold-in RMSE {self.fold_in_rmse:.3f} against {self.level_rmse:.3f} by level on {self.n_ratings:,} "
            f"ratings of held-out users; classes at most {self.off.max():.3f} off"
        )

    @property
    def assumptions(self) -> str:
        """One sentence on what cannot be checked."""
        median, longest = np.median(self.simulated_lengths), np.median(self.evidence.session_lengths)
        return (
            f"{self.evidence.sentence(self.temper)}. A session of the most rated movies has {median:.0f} steps in the "
            f"median, {self.temper.horizon} at most; a rating session {longest:.0f}"
        )


def validate_simulator(setting: AgentSetting) -> SimulatorReport:
    """Compare the model with held-out users' ratings that a service does not know."""
    split, temper = setting.splits["held_out"], setting.config.temper
    by_taste, by_level = fold_in_rmse(setting.model, split.known, split.hidden)
    felt = Felt.of(setting.model, split.known, split.hidden)
    foretold = [felt.above(cut) for cut in temper.cuts]
    came = [given_above(split.hidden.ratings, star) for star in temper.stars]
    expected, given = classes(foretold), classes(came)
    like, watch, click = (reliability(f, c) for f, c in zip(foretold, came, strict=True))
    return SimulatorReport(
        by_taste,
        by_level,
        len(split.hidden.movies),
        expected.mean(axis=0),
        given.mean(axis=0),
        chance_error(expected - given, split.hidden.rows),
        (like, watch, click),
        setting.model.noise**0.5,
        temper,
        behaviour_evidence(setting.histories["train"], setting.model, setting.world, temper),
        _sessions(setting),
    )


def _sessions(setting: AgentSetting) -> SessionLog:
    sessions = setting.sessions(setting.simulator_a("held_out"))
    policy = PopularPolicy(setting.world)
    return rollout(policy, sessions, np.arange(len(sessions.known)), seeds=np.arange(SESSION_SEEDS))
