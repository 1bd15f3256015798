"""The agents' report: what there is in it, its plots, and the numbers that are plotted over runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic import BaseModel, NonNegativeInt, PositiveInt

from recsys_assets.agents.evaluation.by_logs import LogStudy
from recsys_assets.agents.evaluation.comparison import Comparison
from recsys_assets.agents.evaluation.criteria import Criterion
from recsys_assets.agents.evaluation.figures import acts_figure, coverage_figure, leaving_figure, returns_figure
from recsys_assets.agents.evaluation.next_movie import NextMovie
from recsys_assets.agents.evaluation.rivals import HEURISTIC, RECOMMENDERS, RIVAL
from recsys_assets.agents.evaluation.trainings import ALTERNATIVES, Trained
from recsys_assets.agents.evaluation.verdict import Verdict
from recsys_assets.agents.simulators.figures import validation_figure
from recsys_assets.agents.simulators.validation import SimulatorReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGENT = "dqn"


class ReportConfig(BaseModel, extra="forbid", frozen=True):
    """How thorough the report is."""

    seeds: PositiveInt = 5
    """Agents that are trained, each from another seed."""
    sessions_a_seed: PositiveInt = 4
    """Sessions of each person with each of them."""
    recommenders: tuple[str, ...] = RECOMMENDERS
    """Each fitted once, on training users."""
    alternatives: tuple[str, ...] = tuple(ALTERNATIVES)
    """Other ways to learn, trained once each."""
    alternative_steps: PositiveInt = 60_000
    """The most that each of them is trained for: the plain head learns at a third of the speed."""
    logged_sessions: NonNegativeInt = 8
    """Of each person, in the log that policies are judged by off-policy; 0: none."""


@dataclass(frozen=True)
class OtherData:
    """Ratings and catalogue of another data set, whose people judge too."""

    name: str
    interactions: pl.DataFrame
    catalogue: pl.DataFrame


@dataclass(frozen=True)
class OwnFeedback:
    """Accepted events of this deployment, and its ratings."""

    events: pl.DataFrame
    interactions: pl.DataFrame


@dataclass(frozen=True)
class Sensitivity:
    """The agent against its rival where a guessed constant of the people is another."""

    changed: str
    agent: float
    rival: float
    verdict: Verdict


@dataclass(frozen=True)
class AgentReport:
    """`held_out` decides; the others say how far that can be trusted."""

    held_out: Comparison
    """Simulator A, held-out users."""
    other_mechanism: Comparison
    """Simulator B, held-out users."""
    training_users: Comparison
    """Simulator A, the users whose simulation the agents learned in."""
    verdict: Verdict
    verdict_of_heuristic: Verdict
    """Against the heuristic of one weight instead of the rival."""
    verdict_elsewhere: Verdict
    """In simulator B."""
    criteria: tuple[Criterion, ...]
    sensitivity: tuple[Sensitivity, ...]
    simulator: SimulatorReport
    trainings: tuple[Trained, ...]
    """The agent's, then those of the alternatives."""
    next_movies: tuple[NextMovie, ...]
    """What held-out users rated next, foretold."""
    by_logs: tuple[LogStudy, ...]
    """Off-policy: by a simulated log, and by our own feedback where it has propensities."""
    other_people: Comparison | None
    """Simulator A fitted on another data set, its held-out users."""
    spent: tuple[tuple[str, float, float], ...]
    """Part of the report, CPU seconds, seconds."""

    def figures(self) -> dict[str, Figure]:
        """Plots by title."""
        shown = [AGENT, RIVAL, HEURISTIC, "greedy on the taste", "most rated"]
        agents = [AGENT, *ALTERNATIVES]
        training = {f"training: {name}": figure for name, figure in self.trainings[0].result.figures().items()}
        return {
            "return of held-out users": returns_figure(self.held_out, agents),
            "return in simulator B": returns_figure(self.other_mechanism, agents),
            "who stays": leaving_figure(self.held_out, shown),
            "what people did": acts_figure(self.held_out),
            "how much of the catalogue": coverage_figure(self.held_out, agents),
            "are simulated people like real ones": validation_figure(self.simulator),
            **training,
        }


def headline(report: AgentReport) -> dict[str, float]:
    """Numbers to be plotted over runs."""
    agent, rival = report.held_out[AGENT], report.held_out[RIVAL]
    own = [t for t in report.trainings if t.name == AGENT]
    return {
        "agent_return": agent.mean.mean,
        "rival_return": rival.mean.mean,
        "difference": report.verdict.difference,
        "difference_low": report.verdict.low,
        "difference_high": report.verdict.high,
        "heuristic_return": report.held_out[HEURISTIC].mean.mean,
        "difference_from_heuristic": report.verdict_of_heuristic.difference,
        "agent_return_in_b": report.other_mechanism[AGENT].mean.mean,
        "agent_return_of_training_users": report.training_users[AGENT].mean.mean,
        "personalization": agent.personalization,
        "diversity": agent.diversity,
        "genre_coverage": agent.genre_coverage,
        "steps_per_second": float(np.mean([t.result.steps_per_second for t in own])),
        "best_seed_return": agent.best_seed,
        "median_seed_return": agent.median_seed,
        **{f"next_hit_rate_{n.name}": n.hit_rate.mean for n in report.next_movies if n.name == AGENT},
    }
