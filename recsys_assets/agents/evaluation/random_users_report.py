"""Seed 4's mode, on a table of movies without users: agent, bandits and an oracle with people of random tastes.

Bandits are tuned and the agent is trained with people of draws of their own; all are then compared in the same
sessions. As people share nothing, what an agent can learn over episodes is no more than when to try and when to profit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.random_users import (
    DEFAULTS,
    VALIDATION,
    DqnPlayer,
    RandomUsersTraining,
    session_seeds,
    train_in_random_users,
)
from recsys_assets.agents.environments.act_belief import ActBandit
from recsys_assets.agents.environments.random_users import RandomUsersConfig, RandomUsersSessions
from recsys_assets.agents.environments.session_bandits import (
    Chance,
    KnowsTaste,
    NearestToProfile,
    Player,
    SessionBandit,
    play,
)
from recsys_assets.agents.evaluation.tables import Table
from recsys_assets.agents.evaluation.trainings import Stages
from recsys_assets.agents.evaluation.written import markdown, page
from recsys_assets.atomic import write_text
from recsys_assets.evaluation.bootstrap import Interval, mean_interval, paired_bootstrap
from recsys_assets.evaluation.canvas import data_uri
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGENT, RIVAL, TARGET = "dqn", "LinUCB", 1.6
SESSIONS, TUNING_SESSIONS = 4_000, 800
P = TypeVar("P", bound=Player)
RIDGES, OPTIMISMS, DOUBTS = (1.0, 3.0, 10.0, 30.0), (0.03, 0.1, 0.3), (0.0, 0.3, 0.6)
PUBLISHED = {AGENT: 1.26, "random": 1.05, "cosine to the state": 1.34, "online ridge": 1.64, RIVAL: 1.58}
"""What a trial of that project's own environment gave, with standard errors of 0.04 to 0.14."""


@dataclass(frozen=True)
class RandomUsersResult:
    """Return of a session, and its difference to the rival in the same sessions."""

    player: str
    mean: Interval
    difference: Interval


@dataclass(frozen=True)
class RandomUsersReport:
    """The best first."""

    n_movies: int
    n_features: int
    results: tuple[RandomUsersResult, ...]
    training: RandomUsersTraining
    spent: tuple[tuple[str, float, float], ...]

    def __getitem__(self, player: str) -> RandomUsersResult:
        return next(result for result in self.results if result.player == player)

    def figures(self) -> dict[str, Figure]:
        from recsys_assets.agents.dqn.curves import training_figures

        return training_figures(self.training.looks, bound=self.training.bound)


def report_random_users(
    features: FloatArray,
    dqn: DqnConfig = DEFAULTS,
    config: RandomUsersConfig | None = None,
    *,
    seed: int,
    sessions: int = SESSIONS,
    progress: Progress = silent,
) -> RandomUsersReport:
    """`features` (n, d) of the movies: 310 columns of the IMDb table."""
    stages, world = Stages(progress), RandomUsersSessions(features, config)
    tuning = min(TUNING_SESSIONS, sessions)
    bandits = stages.run("tuning bandits", lambda: tuned_bandits(world, seed=seed, sessions=tuning))
    training = stages.run(
        "training the agent", lambda: train_in_random_users(features, dqn, config, seed=seed, progress=progress)
    )
    players = [Chance(), NearestToProfile(), *bandits, DqnPlayer(training.policy, AGENT), KnowsTaste()]
    results = stages.run("comparing", lambda: _compared(players, world, sessions, seed=seed, progress=progress))
    n_movies, n_features = features.shape
    return RandomUsersReport(n_movies, n_features, results, training, tuple(stages.spent))


def tuned_bandits(world: RandomUsersSessions, *, seed: int, sessions: int = TUNING_SESSIONS) -> list[Player]:
    """Online ridge, LinUCB and the bandit of acts, each with the settings that did best with people of tuning."""
    seeds = session_seeds(np.arange(sessions), np.full(sessions, seed % 2**31), purpose=VALIDATION)
    level = float(play(Chance(), world, seeds).mean()) / world.config.horizon
    ridge = [SessionBandit(ridge=r, level=level) for r in RIDGES]
    linucb = [SessionBandit(RIVAL, r, o, level) for r in RIDGES for o in OPTIMISMS]
    probit = [ActBandit(optimism=o) for o in DOUBTS]
    return [_best(ridge, world, seeds), _best(linucb, world, seeds), _best(probit, world, seeds)]


def sentences(report: RandomUsersReport) -> list[str]:
    """The first is the verdict."""
    found, rival = report[AGENT], report[RIVAL]
    learned = max(look.mean_return for look in report.training.looks) - report.training.looks[0].mean_return
    reached = "reaches" if found.mean.mean >= TARGET else "does not reach"
    apart = "more than" if found.difference.low > 0 else "less than" if found.difference.high < 0 else "as much as"
    return [
        f"With people of random tastes the agent {reached} the {TARGET} asked for, and earns {apart} a tuned LinUCB: "
        f"{found.mean.mean:.2f} a session ({found.mean.low:.2f} to {found.mean.high:.2f}), difference "
        f"{found.difference.mean:+.3f} ({found.difference.low:+.3f} to {found.difference.high:+.3f}) over "
        f"{found.mean.n:,} sessions of {report.n_movies:,} movies with {report.n_features} numbers each.",
        f"Learning added {learned:+.3f} to its start, a bandit that reads acts as what was felt: people share nothing, "
        "so no episode teaches about the next. Only knowing the taste itself would pay: "
        f"{report['knows the taste'].mean.mean:.2f}. {RIVAL} earns {rival.mean.mean:.2f}.",
        f"Largest |Q| in training {max(look.max_q for look in report.training.looks):.1f}; no session can return more "
        f"than {report.training.bound:.1f}. {report.training.steps_per_second:,.0f} steps a CPU second.",
    ]


def tables(report: RandomUsersReport) -> list[Table]:
    """Returns, and how long it took."""
    rows = [
        (r.player, f"{r.mean.mean:.3f}", _range(r.mean), f"{r.difference.mean:+.3f}", _range(r.difference), _told(r))
        for r in report.results
    ]
    columns = ("policy", "return", "95 % interval", f"against {RIVAL}", "95 % interval", "trial of the original")
    note = f"{report.results[0].mean.n:,} sessions of {len(report.results)} policies, the same people in all."
    spent = [(name, f"{cpu:,.0f}", f"{wall:,.0f}") for name, cpu, wall in report.spent]
    return [
        Table("RandomUsers-v0", columns, rows, note=note),
        Table("How long it took", ("part", "CPU seconds", "seconds"), spent),
    ]


def write_random_users(report: RandomUsersReport, folder: Path, *, name: str) -> Path:
    """`folder/random-users.{md,html}`."""
    said, shown = sentences(report), tables(report)
    images = {f"training: {title}": data_uri(figure) for title, figure in report.figures().items()}
    write_text(folder / "random-users.md", markdown(f"Agents: {name}", said, shown))
    write_text(folder / "random-users.html", page(name, said, shown, images, leaders=(AGENT,)))
    return folder / "random-users.html"


def _compared(
    players: Sequence[Player], world: RandomUsersSessions, n: int, *, seed: int, progress: Progress
) -> tuple[RandomUsersResult, ...]:
    returns = {}
    for player in players:
        returns[player.name] = play(player, world, np.arange(n))
        progress(f"random users: {player.name} {returns[player.name].mean():.3f}")
    against = returns[RIVAL]
    found = [
        RandomUsersResult(name, mean_interval(r, seed=seed), paired_bootstrap(r, against, seed=seed))
        for name, r in returns.items()
    ]
    return tuple(sorted(found, key=lambda r: -r.mean.mean))


def _best(players: Sequence[P], world: RandomUsersSessions, seeds: np.ndarray) -> P:
    return max(players, key=lambda player: float(play(player, world, seeds).mean()))


def _range(interval: Interval) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def _told(result: RandomUsersResult) -> str:
    return f"{PUBLISHED[result.player]:.2f}" if result.player in PUBLISHED else ""
