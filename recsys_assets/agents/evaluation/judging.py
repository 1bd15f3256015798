"""Agents are trained anew for each seed on training users, and judged on people that nothing was fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.evaluation.by_logs import LogStudy, by_feedback, by_simulated_log
from recsys_assets.agents.evaluation.comparison import Comparison, Contestant, compare
from recsys_assets.agents.evaluation.criteria import criteria
from recsys_assets.agents.evaluation.elsewhere import people_elsewhere
from recsys_assets.agents.evaluation.next_movie import foretold
from recsys_assets.agents.evaluation.report import (
    AGENT,
    AgentReport,
    OtherData,
    OwnFeedback,
    ReportConfig,
    Sensitivity,
)
from recsys_assets.agents.evaluation.rivals import HEURISTIC, RIVAL, rival_contestants
from recsys_assets.agents.evaluation.trainings import Stages, Trained, train_all
from recsys_assets.agents.evaluation.verdict import verdict
from recsys_assets.agents.offpolicy.feedback import decisions_of
from recsys_assets.agents.policies.simple import BeliefPolicy, OraclePolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.policies.tuned import ONE, Weights, belief_policy, tune_belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Simulator
from recsys_assets.agents.simulators.validation import SimulatorReport, validate_simulator
from recsys_assets.agents.simulators.variants import variants
from recsys_assets.progress import Progress, silent


@dataclass(frozen=True)
class Judge:
    """How contestants are compared, the same everywhere."""

    setting: AgentSetting
    config: ReportConfig
    seed: int
    progress: Progress

    def of(self, name: str, simulator: Simulator, contestants: Sequence[Contestant]) -> Comparison:
        return compare(
            self.setting.sessions(simulator),
            contestants,
            reference=RIVAL,
            seeds=self.config.seeds,
            sessions_a_seed=self.config.sessions_a_seed,
            seed=self.seed,
            progress=lambda line: self.progress(f"{name}: {line}"),
        )


def report_agents(
    setting: AgentSetting,
    dqn: DqnConfig | None = None,
    config: ReportConfig | None = None,
    *,
    seed: int,
    other: OtherData | None = None,
    feedback: OwnFeedback | None = None,
    trainings: Path | None = None,
    progress: Progress = silent,
) -> AgentReport:
    """Train an agent per seed and compare. Held-out users are looked at here, once, and nowhere else.

    `trainings`: folder in which finished trainings wait for a report that was interrupted.
    """
    dqn, config = dqn or DqnConfig(), config or ReportConfig()
    stages = Stages(progress)
    weights = stages.run(
        "tuning the rival", lambda: tune_belief_policy(setting, dqn.tuning, seed=seed, progress=progress)
    )
    one = stages.run(
        "tuning the heuristic",
        lambda: tune_belief_policy(setting, dqn.tuning, seed=seed, tuned=ONE, progress=progress),
    )
    trained = stages.run(
        f"training {config.seeds} agents and {len(config.alternatives)} alternatives",
        lambda: train_all(
            setting,
            dqn,
            weights,
            agent=AGENT,
            seeds=config.seeds,
            alternatives=config.alternatives,
            alternative_steps=config.alternative_steps,
            seed=seed,
            folder=trainings,
            progress=progress,
        ),
    )
    rivals = stages.run(
        f"fitting LinUCB, {', '.join(config.recommenders)}",
        lambda: rival_contestants(
            setting, weights, one, recommenders=config.recommenders, seed=seed, progress=progress
        ),
    )
    learned = [
        Contestant(name, tuple(t.result.policy for t in trained if t.name == name))
        for name in (AGENT, *config.alternatives)
    ]
    judge = Judge(setting, config, seed, progress)
    return _judged(judge, weights, trained, learned, rivals, stages, other=other, feedback=feedback)


def _judged(
    judge: Judge,
    weights: Weights,
    trained: Sequence[Trained],
    learned: Sequence[Contestant],
    rivals: Sequence[Contestant],
    stages: Stages,
    *,
    other: OtherData | None,
    feedback: OwnFeedback | None,
) -> AgentReport:
    setting, config, seed, progress = judge.setting, judge.config, judge.seed, judge.progress
    a, everyone = setting.simulator_a("held_out"), [*learned, *rivals]
    oracle = OraclePolicy(setting.world, simulator=a, popularity=weights.popularity, variety=weights.variety)
    two = [learned[0], Contestant.of(belief_policy(setting, weights, name=RIVAL))]
    simple = [c for c in rivals if isinstance(c.policies[0], RandomPolicy | PopularPolicy | BeliefPolicy)]
    held_out = stages.run("held-out people", lambda: judge.of("A", a, [*everyone, Contestant.of(oracle)]))
    in_b = stages.run("another mechanism", lambda: judge.of("B", setting.simulator_b("held_out"), everyone))
    gap = stages.run("training people", lambda: judge.of("gap", setting.simulator_a("train"), two))
    simulator = stages.run("validation of the simulator", lambda: validate_simulator(setting))
    otherwise = stages.run("other constants", lambda: _sensitivity(judge, simulator, two))
    next_movies = stages.run(
        "next movies", lambda: tuple(foretold(contestant, setting, seed=seed) for contestant in everyone)
    )
    by_logs = stages.run("off-policy", lambda: _by_logs(judge, weights, everyone, feedback))
    people = stages.run(
        "people of another data set",
        lambda: (
            judged_elsewhere(setting, [*learned, *simple], other, config, seed=seed, progress=progress)
            if other
            else None
        ),
    )
    return AgentReport(
        held_out,
        in_b,
        gap,
        verdict(held_out, AGENT),
        verdict(held_out.against(HEURISTIC), AGENT),
        verdict(in_b, AGENT),
        criteria(held_out, in_b, next_movies, trained, agent=AGENT),
        otherwise,
        simulator,
        tuple(trained),
        next_movies,
        by_logs,
        people,
        tuple(stages.spent),
    )


def _by_logs(
    judge: Judge, weights: Weights, contestants: Sequence[Contestant], feedback: OwnFeedback | None
) -> tuple[LogStudy, ...]:
    setting, config = judge.setting, judge.config
    found: list[LogStudy | None] = []
    if config.logged_sessions:
        found.append(
            by_simulated_log(
                setting,
                contestants,
                weights,
                sessions_each=config.logged_sessions,
                seed=judge.seed % 1000,
                progress=judge.progress,
            )
        )
    if feedback is not None:
        decisions = decisions_of(feedback.events, setting.config.rewards)
        found.append(by_feedback(decisions, feedback.interactions, setting, contestants, seed=judge.seed))
    return tuple(study for study in found if study is not None)


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


def _sensitivity(judge: Judge, simulator: SimulatorReport, two: Sequence[Contestant]) -> tuple[Sensitivity, ...]:
    """The comparison where people are otherwise."""
    found, setting = [], judge.setting
    for name, temper in variants(setting.config.temper, simulator.evidence).items():
        comparison = judge.of(name, setting.simulator_a("held_out", temper=temper), two)
        found.append(
            Sensitivity(name, comparison[AGENT].mean.mean, comparison[RIVAL].mean.mean, verdict(comparison, AGENT))
        )
    return tuple(found)
