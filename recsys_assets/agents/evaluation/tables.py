"""The tables of the agents' report: data -> title, columns, rows of text."""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.agents.actions import Act
from recsys_assets.agents.evaluation.by_logs import LogStudy, told
from recsys_assets.agents.evaluation.comparison import Comparison
from recsys_assets.agents.evaluation.report import AGENT, AgentReport
from recsys_assets.agents.evaluation.trainings import Trained
from recsys_assets.agents.offpolicy.estimators import LEAST
from recsys_assets.evaluation.bootstrap import Interval

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, columns, rows."""
HEADINGS = (
    "policy",
    "return",
    "95 % interval",
    "against the rival",
    "median seed",
    "best seed",
    "steps",
    "diversity",
    "genres",
    "personal",
    "catalogue",
    "repeats",
)


def tables(report: AgentReport) -> list[Table]:
    """All that the report says in figures."""
    return [
        (
            "What was asked",
            ("of the agent", "found", "met"),
            [(c.asked, c.found, "yes" if c.met else "no") for c in report.criteria],
        ),
        *(
            (_title(c), HEADINGS, _rows(c))
            for c in (report.held_out, report.other_mechanism, report.other_people)
            if c is not None
        ),
        ("What held-out users rated next", *_next_movies(report)),
        *(_logs(study) for study in report.by_logs),
        (
            "What if people are otherwise",
            ("changed", "agent", "rival", "difference", "95 % interval"),
            [
                (s.changed, f"{s.agent:.2f}", f"{s.rival:.2f}", f"{s.verdict.difference:+.2f}", _between(s.verdict))
                for s in report.sensitivity
            ],
        ),
        ("How far it can be trusted", ("agent in", "return", "95 % interval"), _gaps(report)),
        (
            "The simulator, on held-out users",
            ("act", "predicted", "observed"),
            [
                (act.name.lower(), f"{p:.3f}", f"{o:.3f}")
                for act, p, o in zip(Act, report.simulator.predicted, report.simulator.observed, strict=False)
            ],
        ),
        ("Trainings, judged by validation users", TRAINED, [_training(t) for t in report.trainings]),
        (
            "How long it took",
            ("part", "CPU seconds", "seconds"),
            [(name, f"{cpu:,.0f}", f"{wall:,.0f}") for name, cpu, wall in report.spent],
        ),
    ]


TRAINED = ("agent", "seed", "start", "best", "at step", "last", "largest |Q|", "bound", "steps a CPU second", "ended")


def _training(trained: Trained) -> tuple[str, ...]:
    t = trained.result
    return (
        trained.name,
        str(trained.seed),
        f"{t.start_return:.2f}",
        f"{t.best_return:.2f}",
        f"{t.best_step:,}",
        f"{t.looks[-1].mean_return:.2f}",
        f"{max(look.max_q for look in t.looks):.1f}",
        f"{t.bound:.1f}",
        f"{t.steps_per_second:,.0f}",
        t.stopped,
    )


def _next_movies(report: AgentReport) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    columns = ("policy", "HR@10", "95 % interval", "NDCG@10", "95 % interval", "movies")
    rows = [
        (n.name, f"{n.hit_rate.mean:.4f}", _range(n.hit_rate), f"{n.ndcg.mean:.4f}", _range(n.ndcg), f"{n.n_events:,}")
        for n in report.next_movies
    ]
    return columns, rows


def _logs(study: LogStudy) -> Table:
    """No figure is given where the log is worth fewer than `LEAST` decisions of a policy's own."""
    known = any(v.truth is not None for v in study.values)
    columns = ("policy", "effective size", "SNIPS", "direct", "doubly robust", *(("truth",) if known else ()))
    rows = [
        (
            v.policy,
            f"{v.ess:,.0f}",
            *(told(value, v.ess) for value in (v.snips, v.dm, v.dr)),
            *((f"{v.truth:.3f}" if v.truth is not None else "",) if known else ()),
        )
        for v in study.values
    ]
    title = f"Reward a decision by logs, {study.source}: {study.n:,} decisions, which earned {study.earned:.3f}"
    return f"{title}; no figure below an effective size of {LEAST:.0f}", columns, rows


def _title(comparison: Comparison) -> str:
    people, each = comparison.n_users, comparison.n_sessions
    return f"Simulator {comparison.simulator}: {people:,} people, {each} sessions of each with each policy"


def _rows(comparison: Comparison) -> list[Sequence[str]]:
    return [
        (
            r.name,
            f"{r.mean.mean:.2f}",
            f"{r.mean.low:.2f} to {r.mean.high:.2f}",
            "rival"
            if r.name == comparison.reference
            else f"{r.difference.mean:+.2f} ({r.difference.low:+.2f} to {r.difference.high:+.2f})",
            f"{r.median_seed:.2f}",
            f"{r.best_seed:.2f}",
            f"{r.mean_length:.1f}",
            f"{r.diversity:.2f}",
            f"{r.genre_coverage:.2f}",
            f"{r.personalization:.2f}",
            f"{r.coverage:.1%}",
            f"{r.repeats:,}",
        )
        for r in comparison.results
    ]


def _gaps(report: AgentReport) -> list[Sequence[str]]:
    return [
        (c.simulator, f"{c[AGENT].mean.mean:.2f}", f"{c[AGENT].mean.low:.2f} to {c[AGENT].mean.high:.2f}")
        for c in (report.training_users, report.held_out, report.other_mechanism, report.other_people)
        if c is not None
    ]


def _range(interval: Interval) -> str:
    return f"{interval.low:.4f} to {interval.high:.4f}"


def _between(found: object) -> str:
    return f"{found.low:+.2f} to {found.high:+.2f}"  # type: ignore[attr-defined]
