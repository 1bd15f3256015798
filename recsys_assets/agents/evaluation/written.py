"""The agents' report as markdown and as one page that needs no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.evaluation.report import AGENT, AgentReport
from recsys_assets.agents.evaluation.rivals import HEURISTIC, RIVAL
from recsys_assets.agents.evaluation.tables import Table, tables
from recsys_assets.agents.evaluation.verdict import verdict

LEADER = ' class="leader"'
OWN = """
h2 { scroll-margin-top: 1rem; } section > .protocol { margin: 0 0 .5rem; }
table.words th, table.words td { white-space: normal; text-align: left; min-width: 4rem; }
table.words th:first-child { position: static; min-width: 12rem; font-weight: 400; }
th, td { padding-left: .35rem; padding-right: .35rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem; }
figcaption { color: var(--soft); font-size: .875rem; margin-bottom: .25rem; }
@media (max-width: 40rem) { th:first-child { white-space: normal; min-width: 7rem; max-width: 9rem; } }
"""
"""Beside the style that all reports share: words break their lines, in narrow windows names do."""


def sentences(report: AgentReport) -> list[str]:
    """The verdicts, and what they rest on."""
    return [
        f"{report.verdict.sentence} {_heuristic(report)}",
        f"Where people are of another kind: {report.verdict_elsewhere.sentence}",
        _trained(report),
        _learned(report),
        *_luck(report),
        f"Simulator A: {report.simulator.summary}.",
        f"{report.simulator.assumptions[:1].upper()}{report.simulator.assumptions[1:]}.",
    ]


def _heuristic(report: AgentReport) -> str:
    """The bar that was set first, and whose doing it is that the agent is over it."""
    rival, found = report.held_out[RIVAL].mean.mean, report.verdict_of_heuristic
    still = all(t.result.best_step == 0 for t in report.trainings if t.name == AGENT)
    gained = "; that is its start's doing, for learning added nothing" if still and found.standing == "earned" else ""
    return (
        f"Against the heuristic with a single tuned weight, the bar that was set first: {found.figures}, of which the "
        f"re-ranker that learns nothing has {rival - report.held_out[HEURISTIC].mean.mean:+.2f}{gained}."
    )


def _trained(report: AgentReport) -> str:
    """How, beside what `dqn_agent` does where nothing is asked of it."""
    own = [t.result.looks[-1].steps for t in report.trainings if t.name == AGENT]
    default = DqnConfig()
    alike = all(0 <= steps - default.steps < default.envs for steps in own)
    beside = "for as long as" if alike else f"while {default.steps:,} are the default of"
    return (
        f"Trained were {len(own)} agents, a seed each, for {' or '.join(sorted({f'{n:,}' for n in own}))} steps "
        f"(movies shown), {beside} `dqn_agent`, which trains one."
    )


def _learned(report: AgentReport) -> str:
    """What reinforcement added, before anybody who was held out was asked."""
    own = [t.result for t in report.trainings if t.name == AGENT]
    still = sum(t.best_step == 0 for t in own)
    gains = ", ".join(f"{t.looks[-1].mean_return - t.start_return:+.2f}" for t in own)
    kept = (
        "so every agent is its start, the rival"
        if still == len(own)
        else f"{still} of {len(own)} agents are their start, the rival"
        if still
        else "and no agent is its start"
    )
    return f"On validation people, training ended at {gains} from its start; the best look was kept, {kept}."


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
    return markdown(f"Agents: {dataset}", sentences(report), tables(report))


def to_html(report: AgentReport, *, dataset: str, images: Mapping[str, str]) -> str:
    """`images`: title -> `data:` address of the picture."""
    return page(dataset, sentences(report), tables(report), images, leaders=(AGENT,))


def markdown(title: str, said: Sequence[str], shown: Sequence[Table]) -> str:
    """The first of the sentences is the verdict."""
    parts = [f"# {title}", f"**{said[0]}**", *said[1:]]
    for table in shown:
        lines = [table.columns, ["---", *("---:" for _ in table.columns[1:])], *table.rows]
        note = [table.note] if table.note else []
        parts += [f"## {table.title}", *note, "\n".join(map(_line, lines))]
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    """`|Q|` is one cell."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def page(
    dataset: str,
    said: Sequence[str],
    shown: Sequence[Table],
    images: Mapping[str, str],
    *,
    leaders: Sequence[str] = (),
) -> str:
    """One file that needs no other. `leaders`: rows that are marked."""
    style = files("recsys_assets.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    body = [f"<header><h1>Agents <span>{escape(dataset)}</span></h1>"]
    body += [f'<p class="verdict">{escape(said[0])}</p>']
    body += [f'<p class="protocol">{escape(text)}</p>' for text in said[1:]] + ["</header><main>"]
    body += [_section(number, table, leaders) for number, table in enumerate(shown)]
    body.append('<section aria-labelledby="plots"><h2 id="plots">Plots</h2><div class="pictures">')
    body += [_picture(title, source) for title, source in images.items()]
    body.append("</div></section></main>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Agents: {escape(dataset)}</title>\n<style>{style}{OWN}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _picture(title: str, source: str) -> str:
    name = escape(title)
    return f'<figure><figcaption>{name[:1].upper()}{name[1:]}</figcaption><img src="{source}" alt="{name}"></figure>'


def _section(number: int, table: Table, leaders: Sequence[str]) -> str:
    heading = "".join(f'<th scope="col">{escape(c)}</th>' for c in table.columns)
    lines = "".join(_row(row, leads=row[0] in leaders) for row in table.rows)
    note = f'<p class="protocol">{escape(table.note)}</p>' if table.note else ""
    words = ' class="words"' if table.words else ""
    return (
        f'<section aria-labelledby="t{number}"><h2 id="t{number}">{escape(table.title)}</h2>{note}'
        f'<div class="scroll" role="region" aria-labelledby="t{number}" tabindex="0"><table{words}>'
        f"<thead><tr>{heading}</tr></thead><tbody>{lines}</tbody></table></div></section>"
    )


def _row(row: Sequence[str], *, leads: bool) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
    return f'<tr{LEADER if leads else ""}><th scope="row">{escape(row[0])}</th>{cells}</tr>'
