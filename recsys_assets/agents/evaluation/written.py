"""The agents' report as markdown and as one page that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from recsys_assets.agents.actions import Act
from recsys_assets.agents.evaluation.comparison import Comparison
from recsys_assets.agents.evaluation.report import AGENT, AgentReport
from recsys_assets.agents.evaluation.verdict import verdict
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
        (_title(report.held_out), HEADINGS, _rows(report.held_out)),
        (_title(report.other_mechanism), HEADINGS, _rows(report.other_mechanism)),
        *([(_title(report.other_people), HEADINGS, _rows(report.other_people))] if report.other_people else []),
        (
            "What held-out users rated next",
            ("policy", "HR@10", "95 % interval", "NDCG@10", "95 % interval", "movies"),
            [
                (
                    n.name,
                    f"{n.hit_rate.mean:.4f}",
                    _range(n.hit_rate),
                    f"{n.ndcg.mean:.4f}",
                    _range(n.ndcg),
                    f"{n.n_events:,}",
                )
                for n in report.next_movies
            ],
        ),
        ("How far it can be trusted", ("agent in", "return", "95 % interval"), _gaps(report)),
        (
            "What if people are otherwise",
            ("changed", "agent", "rival", "difference", "95 % interval"),
            [
                (s.changed, f"{s.agent:.2f}", f"{s.rival:.2f}", f"{s.verdict.difference:+.2f}", _between(s.verdict))
                for s in report.sensitivity
            ],
        ),
        (
            "The simulator, on held-out users",
            ("act", "predicted", "observed"),
            [
                (act.name.lower(), f"{p:.3f}", f"{o:.3f}")
                for act, p, o in zip(Act, report.simulator.predicted, report.simulator.observed, strict=False)
            ],
        ),
        (
            "Trainings",
            ("seed", "start, validation", "best, validation", "at step", "steps a second", "ended"),
            [
                (
                    str(n),
                    f"{t.start_return:.2f}",
                    f"{t.best_return:.2f}",
                    f"{t.best_step:,}",
                    f"{t.steps_per_second:,.0f}",
                    t.stopped,
                )
                for n, t in enumerate(report.trainings)
            ],
        ),
    ]


def sentences(report: AgentReport) -> list[str]:
    """The verdicts, and what they rest on."""
    return [
        report.verdict.sentence,
        f"Where people are of another kind: {report.verdict_elsewhere.sentence}",
        *_luck(report),
        f"Simulator A: {report.simulator.summary}.",
        f"What {report.simulator.assumptions[0].lower()}{report.simulator.assumptions[1:]}.",
    ]


def _luck(report: AgentReport) -> list[str]:
    """Were the trainings others too; and the people of another data set."""
    found = report.held_out[AGENT]
    wide = found.over_trainings
    each = ", ".join(f"{d:+.2f}" for d in found.difference_by_seed)
    said = [
        f"Over people and {len(found.by_seed)} trainings, the difference from the rival is {wide.mean:+.2f} "
        f"({wide.low:+.2f} to {wide.high:+.2f}); by training {each}."
    ]
    if report.other_people is not None:
        said.append(f"Among people of another data set: {verdict(report.other_people, AGENT).sentence}")
    return said


def to_markdown(report: AgentReport, *, dataset: str) -> str:
    """Sentences and tables; plots are added by who shows them."""
    parts = [f"# Agents: {dataset}", f"**{report.verdict.sentence}**", *sentences(report)[1:]]
    for title, columns, rows in tables(report):
        lines = [columns, ["---", *("---:" for _ in columns[1:])], *rows]
        parts += [f"## {title}", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    return "\n\n".join(parts) + "\n"


def to_html(report: AgentReport, *, dataset: str, images: dict[str, str]) -> str:
    """`images`: title -> `data:` address of the picture."""
    style = files("recsys_assets.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    body = [f"<header><h1>Agents <span>{escape(dataset)}</span></h1>"]
    body += [f'<p class="verdict">{escape(report.verdict.sentence)}</p>']
    body += [f"<p>{escape(text)}</p>" for text in sentences(report)[1:]] + ["</header><main>"]
    for number, (title, columns, rows) in enumerate(tables(report)):
        heading = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
        lines = "".join(
            f'<tr{_leader(row[0])}><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in rows
        )
        body.append(
            f'<section aria-labelledby="t{number}"><h2 id="t{number}">{escape(title)}</h2>'
            f'<div class="scroll" role="region" aria-labelledby="t{number}" tabindex="0"><table>'
            f"<thead><tr>{heading}</tr></thead><tbody>{lines}</tbody></table></div></section>"
        )
    body.append('<section aria-labelledby="plots"><h2 id="plots">Plots</h2><div class="pictures">')
    body += [f'<img src="{source}" alt="{escape(title)}">' for title, source in images.items()]
    body.append("</div></section></main>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Agents: {escape(dataset)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


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


def _leader(name: str) -> str:
    return ' class="leader"' if name == AGENT else ""
