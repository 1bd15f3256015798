"""Write the site: whole pages, renamed into place, and only those that changed.

data/quality/index.html                     every data set
data/quality/<dataset>/index.html           its tables and runs
data/quality/<dataset>/<table>.html         what was checked, found and drifted; history; lineage
data/quality/<dataset>/runs/<run>.html      what one run found
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from recsys_assets.atomic import write_text
from recsys_assets.quality.pages.facts import DatasetFacts, TableFacts, verdict_of
from recsys_assets.quality.pages.lineage import read_lineage
from recsys_assets.quality.pages.svg import Point, histogram, sparkline
from recsys_assets.quality.store import Run
from recsys_assets.quality.stored import StoredReport
from recsys_assets.quality.units import told
from recsys_assets.settings import Settings
from recsys_assets.warehouse.ddl import every_table, limits
from recsys_assets.warehouse.lineage import column_sources
from recsys_assets.warehouse.recipes import RECIPES

if TYPE_CHECKING:
    from jinja2 import Environment

SHOWN_CHARACTERS = 160
"""Of a cell of a sample; more is cut off."""
RUNS_SHOWN = 50
DRIFT_RULE = "_has_not_drifted"


@dataclass(frozen=True)
class Summary:
    """A data set on the first page."""

    dataset: str
    state: str
    words: str
    checked_at: str
    tables: int
    rows: int
    quarantined: int


def site_index(settings: Settings) -> Path:
    return settings.quality_dir / "index.html"


def table_page(settings: Settings, table: str) -> Path:
    return settings.quality_dir / settings.dataset / f"{table}.html"


def write_site(settings: Settings) -> Path:
    """Bring the pages of `settings.dataset`, and the first page, up to date; returns the first page."""
    home = settings.quality_dir / settings.dataset
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.quality_dir / ".site.lock"):
        facts, pages = DatasetFacts.of(settings), _pages()
        for path, html in _rendered(facts, pages):
            _write(path, html)
        kept = {f"{run.run_id}.html" for run in facts.runs}
        for page in (home / "runs").glob("*.html"):
            if page.name not in kept:
                page.unlink(missing_ok=True)
        _write(home / "summary.json", json.dumps(asdict(_summary(facts))))
        _write(site_index(settings), pages.get_template("index.html").render(root="", sets=_summaries(settings)))
    return site_index(settings)


def _rendered(facts: DatasetFacts, pages: Environment) -> Iterator[tuple[Path, str]]:
    settings = facts.settings
    home = settings.quality_dir / settings.dataset
    shared: dict[str, object] = {"dataset": settings.dataset, "facts": facts}
    yield home / "index.html", pages.get_template("dataset.html").render(root="../", **shared)
    models = read_lineage(settings)
    shared["kept_runs"] = {run.run_id for run in facts.runs[:RUNS_SHOWN]}
    for table in facts.tables:
        page = pages.get_template("table.html").render(
            root="../", **shared, table=table, models=models, sources=_sources(table), used_by=_used_by(table, facts)
        )
        yield home / f"{table.table.name}.html", page
    for run in facts.runs[:RUNS_SHOWN]:
        yield (
            home / "runs" / f"{run.run_id}.html",
            pages.get_template("run.html").render(root="../../", **shared, run=run, reports=_as_declared(run)),
        )


def _as_declared(run: Run) -> dict[str, StoredReport]:
    """A run's reports in the order of the declarations, those of tables that are declared no more last."""
    places = {table.name: place for place, table in enumerate(every_table())}
    return dict(sorted(run.reports.items(), key=lambda item: places.get(item[0], len(places))))


def _sources(facts: TableFacts) -> dict[str, tuple[tuple[str, str], ...]]:
    return column_sources(facts.table) if facts.table.name in RECIPES else {}


def _used_by(facts: TableFacts, of: DatasetFacts) -> list[str]:
    """Tables with a column that comes from this one."""
    name = facts.table.name
    return [
        other.table.name
        for other in of.tables
        if any(table == name for origins in _sources(other).values() for table, _ in origins)
    ]


def _summary(facts: DatasetFacts) -> Summary:
    layers = [t for t in facts.tables if t.table.layer == "validated"]
    return Summary(
        facts.settings.dataset,
        facts.verdict.state,
        facts.verdict.words,
        facts.runs[0].checked_at if facts.runs else "",
        tables=sum(t.report.rows > 0 for t in facts.tables),
        rows=sum(t.report.rows for t in layers),
        quarantined=sum(t.quarantined for t in layers),
    )


def _summaries(settings: Settings) -> list[Summary]:
    found = []
    for path in sorted(settings.quality_dir.glob("*/summary.json")):
        try:
            found.append(Summary(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):  # damaged: its data set's next run writes it again
            continue
    return found


def _write(path: Path, text: str) -> None:
    try:
        if path.read_text(encoding="utf-8") == text:
            return
    except (OSError, UnicodeDecodeError):
        pass  # not there yet, or damaged: written anew
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def _pages() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("recsys_assets.quality.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"short": _short, "number": told, "moment": _moment, "expected_of": limits}
    pages.globals |= {
        "sparkline": sparkline,
        "histogram": histogram,
        "Point": Point,
        "verdict_of": verdict_of,
        "drift_rule": DRIFT_RULE,
    }
    return pages


def _short(text: Any) -> str:
    """One line, cut off with an ellipsis; what turns the direction of writing is taken out."""
    if text is None:
        return "NULL"
    line = " ".join("".join(c for c in str(text) if c not in _TURNING).split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


_TURNING = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)}


def _moment(checked_at: str) -> str:
    return f"{checked_at[:16].replace('T', ' ')} UTC" if checked_at else "never"
