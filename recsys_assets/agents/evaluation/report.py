"""The agents' report: trained anew for each seed on training users, judged on people that nothing was fitted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.evaluation.comparison import Comparison, Contestant, compare
from recsys_assets.agents.evaluation.elsewhere import people_elsewhere
from recsys_assets.agents.evaluation.figures import acts_figure, coverage_figure, leaving_figure, returns_figure
from recsys_assets.agents.evaluation.next_movie import NextMovie, foretold
from recsys_assets.agents.evaluation.rivals import RECOMMENDERS, RIVAL, rival_contestants
from recsys_assets.agents.evaluation.verdict import Verdict, verdict
from recsys_assets.agents.policies.simple import BeliefPolicy, OraclePolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.policies.tuned import belief_policy, tune_belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.figures import validation_figure
from recsys_assets.agents.simulators.validation import SimulatorReport, validate_simulator
from recsys_assets.agents.simulators.variants import variants
from recsys_assets.progress import Progress, silent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.dqn.training import DqnResult

AGENT = "dqn"


class ReportConfig(BaseModel, extra="forbid", frozen=True):
    """How thorough the report is."""

    seeds: PositiveInt = 5
    """Agents that are trained, each from another seed."""
    sessions_a_seed: PositiveInt = 4
    """Sessions of each person with each of them."""
    recommenders: tuple[str, ...] = RECOMMENDERS


@dataclass(frozen=True)
class OtherData:
    """Ratings and catalogue of another data set, whose people judge too."""

    name: str
    interactions: pl.DataFrame
    catalogue: pl.DataFrame


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
    verdict_elsewhere: Verdict
    """In simulator B."""
    sensitivity: tuple[Sensitivity, ...]
    simulator: SimulatorReport
    trainings: tuple[DqnResult, ...]
    next_movies: tuple[NextMovie, ...] = ()
    """What held-out users rated next, foretold."""
    other_people: Comparison | None = None
    """Simulator A fitted on another data set, its held-out users."""

    def figures(self) -> dict[str, Figure]:
        """Plots by title."""
        shown = [AGENT, RIVAL, "greedy on the taste", "most rated"]
        training = {f"training: {name}": figure for name, figure in self.trainings[0].figures().items()}
        return {
            "return of held-out users": returns_figure(self.held_out, [AGENT]),
            "return in simulator B": returns_figure(self.other_mechanism, [AGENT]),
            "who stays": leaving_figure(self.held_out, shown),
            "what people did": acts_figure(self.held_out),
            "how much of the catalogue": coverage_figure(self.held_out, [AGENT]),
            "are simulated people like real ones": validation_figure(self.simulator),
            **training,
        }


def report_agents(
    setting: AgentSetting,
    dqn: DqnConfig | None = None,
    config: ReportConfig | None = None,
    *,
    seed: int,
    other: OtherData | None = None,
    progress: Progress = silent,
) -> AgentReport:
    """Train an agent per seed and compare. Held-out users are looked at here, once, and nowhere else."""
    from recsys_assets.agents.dqn.training import train_dqn

    dqn, config = dqn or DqnConfig(), config or ReportConfig()
    weights = tune_belief_policy(setting, dqn.tuning, seed=seed, progress=progress)
    trainings = []
    for number in range(config.seeds):
        progress(f"agent {number + 1} of {config.seeds}")
        trainings.append(train_dqn(setting, dqn, seed=seed + number, weights=weights, progress=progress))
    agent = Contestant(AGENT, tuple(t.policy for t in trainings))
    rivals = rival_contestants(setting, weights, recommenders=config.recommenders, seed=seed, progress=progress)

    def judged(name: str, simulator: object, contestants: Sequence[Contestant]) -> Comparison:
        return compare(
            setting.sessions(simulator),  # type: ignore[arg-type]
            contestants,
            reference=RIVAL,
            seeds=config.seeds,
            sessions_a_seed=config.sessions_a_seed,
            seed=seed,
            progress=lambda line: progress(f"{name}: {line}"),
        )

    a, b, training = (
        setting.simulator_a("held_out"),
        setting.simulator_b("held_out"),
        setting.simulator_a("train"),
    )
    ceiling = Contestant.of(
        OraclePolicy(setting.world, simulator=a, popularity=weights.popularity, variety=weights.variety)
    )
    two = [agent, Contestant.of(belief_policy(setting, weights, name=RIVAL))]
    beliefs = [agent, *(c for c in rivals if isinstance(c.policies[0], RandomPolicy | PopularPolicy | BeliefPolicy))]
    held_out = judged("judging", a, [agent, *rivals, ceiling])
    in_b = judged("judging", b, [agent, *rivals])
    simulator = validate_simulator(setting)
    return AgentReport(
        held_out,
        in_b,
        judged("gap", training, two),
        verdict(held_out, AGENT),
        verdict(in_b, AGENT),
        tuple(_sensitivity(setting, simulator, two, judged)),
        simulator,
        tuple(trainings),
        tuple(foretold(contestant, setting, seed=seed) for contestant in (agent, *rivals)),
        judged_elsewhere(setting, beliefs, other, config, seed=seed, progress=progress) if other else None,
    )


def judged_elsewhere(
    setting: AgentSetting,
    contestants: Sequence[Contestant],
    other: OtherData,
    config: ReportConfig,
    *,
    seed: int,
    progress: Progress = silent,
) -> Comparison:
    """`contestants` (that look at observations alone) among the people of another data set."""
    found = people_elsewhere(setting, other.interactions, other.catalogue, name=other.name, seed=seed)
    progress(f"elsewhere: {found.n_shared:,} movies of {other.name} are on offer")
    return compare(
        found.sessions,
        contestants,
        reference=RIVAL,
        seeds=config.seeds,
        sessions_a_seed=config.sessions_a_seed,
        seed=seed,
        progress=lambda line: progress(f"elsewhere: {line}"),
    )


def _sensitivity(
    setting: AgentSetting,
    simulator: SimulatorReport,
    two: Sequence[Contestant],
    judged: Callable[[str, object, Sequence[Contestant]], Comparison],
) -> list[Sensitivity]:
    """The comparison where people are otherwise."""
    found = []
    for name, temper in variants(setting.config.temper, simulator.evidence).items():
        comparison = judged(name, setting.simulator_a("held_out", temper=temper), two)
        found.append(
            Sensitivity(name, comparison[AGENT].mean.mean, comparison[RIVAL].mean.mean, verdict(comparison, AGENT))
        )
    return found


def headline(report: AgentReport) -> dict[str, float]:
    """Numbers to be plotted over runs."""
    agent, rival = report.held_out[AGENT], report.held_out[RIVAL]
    return {
        "agent_return": agent.mean.mean,
        "rival_return": rival.mean.mean,
        "difference": report.verdict.difference,
        "difference_low": report.verdict.low,
        "difference_high": report.verdict.high,
        "agent_return_in_b": report.other_mechanism[AGENT].mean.mean,
        "agent_return_of_training_users": report.training_users[AGENT].mean.mean,
        "personalization": agent.personalization,
        "diversity": agent.diversity,
        "genre_coverage": agent.genre_coverage,
        "steps_per_second": float(np.mean([t.steps_per_second for t in report.trainings])),
        "best_seed_return": agent.best_seed,
        "median_seed_return": agent.median_seed,
        **{f"next_hit_rate_{n.name}": n.hit_rate.mean for n in report.next_movies if n.name == AGENT},
    }
