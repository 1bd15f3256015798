"""The tables of the agents' report: data -> title, columns, rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recsys_assets.agents.actions import Act
from recsys_assets.agents.evaluation.by_logs import LogStudy, told
from recsys_assets.agents.evaluation.comparison import Comparison, Result
from recsys_assets.agents.evaluation.report import AGENT, AgentReport
from recsys_assets.agents.evaluation.rivals import HEURISTIC
from recsys_assets.agents.evaluation.trainings import Trained
from recsys_assets.agents.evaluation.verdict import named
from recsys_assets.agents.offpolicy.estimators import LEAST
from recsys_assets.evaluation.bootstrap import Interval


class Table(NamedTuple):
    """As it is shown. `words`: cells are sentences, and may break their lines."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    words: bool = False


HEADINGS = (
    "policy",
    "return",
    "95 % interval",
    "against the rival",
    "against one weight",
    "median seed",
    "best seed",
    "steps",
    "diversity",
    "genres",
    "personal",
    "catalogue",
)


def tables(report: AgentReport) -> list[Table]:
    """All that the report says in figures."""
    comparisons = (report.held_out, report.other_mechanism, report.other_people)
    return [
        _criteria(report),
        *(Table(_title(c), HEADINGS, _rows(c), note=_note(c)) for c in comparisons if c is not None),
        _next_movies(report),
        *(_logs(study) for study in report.by_logs),
        _otherwise(report),
        Table("How far it can be trusted", ("agent in", "return", "95 % interval"), _gaps(report)),
        _simulator(report),
        Table(
            "Trainings",
            TRAINED,
            [_training(t) for t in report.trainings],
            note="Returns of validation people, who choose the checkpoint. Best at step 0: learning added nothing, and "
            "the agent is its start, the rival.",
        ),
        Table(
            "How long it took",
            ("part", "CPU seconds", "seconds"),
            [(name, f"{cpu:,.0f}", f"{wall:,.0f}") for name, cpu, wall in report.spent],
        ),
    ]


def _criteria(report: AgentReport) -> Table:
    rows = [(c.asked, c.found, "yes" if c.met else "no") for c in report.criteria]
    return Table("What was asked", ("of the agent", "found", "met"), rows, words=True)


def _otherwise(report: AgentReport) -> Table:
    rows = [
        (s.changed, f"{s.agent:.2f}", f"{s.rival:.2f}", f"{s.verdict.difference:+.2f}", _between(s.verdict))
        for s in report.sensitivity
    ]
    columns = ("changed", "agent", "rival", "difference", "95 % interval")
    return Table("What if people are otherwise", columns, rows)


def _simulator(report: AgentReport) -> Table:
    acts = zip(Act, report.simulator.predicted, report.simulator.observed, strict=False)
    rows = [(act.name.lower(), f"{p:.3f}", f"{o:.3f}") for act, p, o in acts]
    return Table("The simulator, on held-out users", ("act", "predicted", "observed"), rows)


TRAINED = (
    "agent",
    "seed",
    "steps",
    "start",
    "best",
    "at step",
    "last",
    "largest |Q|",
    "bound",
    "steps a CPU second",
    "ended",
)


def _training(trained: Trained) -> tuple[str, ...]:
    t = trained.result
    return (
        trained.name,
        str(trained.seed),
        f"{t.looks[-1].steps:,}",
        f"{t.start_return:.2f}",
        f"{t.best_return:.2f}",
        f"{t.best_step:,}",
        f"{t.looks[-1].mean_return:.2f}",
        f"{max(look.max_q for look in t.looks):.1f}",
        f"{t.bound:.1f}",
        f"{t.steps_per_second:,.0f}",
        t.stopped,
    )


def _next_movies(report: AgentReport) -> Table:
    columns = ("policy", "HR@10", "95 % interval", "NDCG@10", "95 % interval", "movies")
    rows = [
        (n.name, f"{n.hit_rate.mean:.4f}", _range(n.hit_rate), f"{n.ndcg.mean:.4f}", _range(n.ndcg), f"{n.n_events:,}")
        for n in sorted(report.next_movies, key=lambda n: -n.hit_rate.mean)
    ]
    note = "Each person's last ten movies, given all they had rated before; all movies ranked, rated ones hidden."
    return Table("What held-out users rated next", columns, rows, note=note)


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
    note = (
        f"{study.source[:1].upper()}{study.source[1:]}: {study.n:,} decisions, which earned {study.earned:.3f} each. "
        f"Too few: the log is worth fewer than {LEAST:.0f} decisions of that policy's own."
    )
    return Table(f"Reward of a decision, by logs: {study.name}", columns, rows, note=note)


def _title(comparison: Comparison) -> str:
    return f"Simulator {named(comparison.simulator)}"


def _note(comparison: Comparison) -> str:
    return (
        f"{comparison.n_users:,} people, {comparison.n_sessions} sessions of each with each policy, of at most "
        f"{comparison.horizon} steps. Intervals are over people; personal: 1 - what two people's sessions share."
    )


def _rows(comparison: Comparison) -> list[Sequence[str]]:
    heuristic = comparison.against(HEURISTIC)
    return [
        (
            r.name,
            f"{r.mean.mean:.2f}",
            f"{r.mean.low:.2f} to {r.mean.high:.2f}",
            "rival" if r.name == comparison.reference else _difference(r),
            "one weight" if r.name == heuristic.reference else _difference(heuristic[r.name]),
            f"{r.median_seed:.2f}",
            f"{r.best_seed:.2f}",
            f"{r.mean_length:.1f}",
            f"{r.diversity:.2f}",
            f"{r.genre_coverage:.2f}",
            f"{r.personalization:.2f}",
            f"{r.coverage:.1%}",
        )
        for r in comparison.results
    ]


def _difference(result: Result) -> str:
    d = result.difference
    return f"{d.mean:+.2f} ({d.low:+.2f} to {d.high:+.2f})"


def _gaps(report: AgentReport) -> list[Sequence[str]]:
    return [
        (named(c.simulator), f"{c[AGENT].mean.mean:.2f}", f"{c[AGENT].mean.low:.2f} to {c[AGENT].mean.high:.2f}")
        for c in (report.training_users, report.held_out, report.other_mechanism, report.other_people)
        if c is not None
    ]


def _range(interval: Interval) -> str:
    return f"{interval.low:.4f} to {interval.high:.4f}"


def _between(found: object) -> str:
    return f"{found.low:+.2f} to {found.high:+.2f}"  # type: ignore[attr-defined]
