"""The agents' report as markdown and as one page that needs no other file."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from recsys_assets.agents.evaluation.report import AGENT, AgentReport
from recsys_assets.agents.evaluation.tables import tables
from recsys_assets.agents.evaluation.verdict import verdict


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


def _leader(name: str) -> str:
    return ' class="leader"' if name == AGENT else ""
