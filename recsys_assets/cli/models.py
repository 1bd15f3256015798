"""Commands about the models: how they compare, which versions there are, which one is served."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.common import (
    NOT_BUILT,
    DatasetOption,
    JsonOption,
    clear_errors,
    out,
    print_json,
    settings_of,
    stop,
)


def leaderboard(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """Every model on the same frozen splits."""
    settings = settings_of(dataset)
    path = settings.reports_dir / settings.dataset / "leaderboard.json"
    if not path.exists():
        stop(
            NOT_BUILT,
            f"{settings.dataset} has no leaderboard yet; run `recsys materialize --dataset {settings.dataset}`",
        )
    if as_json:
        print(path.read_text(encoding="utf-8"))
        return
    from recsys_assets.evaluation.leaderboard import terminal_table

    document = json.loads(path.read_text(encoding="utf-8"))
    out.print(terminal_table(document))
    out.print(escape(document["verdict"]), highlight=False)
    out.print(f"[dim]{path.with_suffix('.html')}[/]", soft_wrap=True)


def models(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """Registered versions, their aliases, and which champion is served."""
    from recsys_assets.registry import Registry

    settings = settings_of(dataset)
    with clear_errors():
        versions = Registry(settings).versions_of_all()
    if as_json:
        print_json(versions)
        return
    if not versions:
        stop(
            NOT_BUILT,
            f"{settings.dataset} has no models yet; run `recsys materialize --dataset {settings.dataset}`",
        )
    table = RichTable(title=f"Models · {settings.dataset}", title_justify="left")
    for column in ("model", "version", "aliases", "trained (UTC)", "data", "NDCG@10 val", "RMSE test"):
        table.add_column(column)
    for v in versions:
        figures = v.metrics
        table.add_row(
            v.model,
            str(v.version),
            ", ".join(v.aliases),
            f"{v.created_at:%Y-%m-%d %H:%M}",
            v.tags.get("data_version", ""),
            _figure(figures.get("temporal_validation_ndcg_at_10")),
            _figure(figures.get("temporal_test_rmse")),
        )
    out.print(table)


def rollback(
    model: Annotated[str, typer.Argument(help="Model, e.g. svd.")],
    version: Annotated[int | None, typer.Argument(help="Version. [default: the champion before this one]")] = None,
    why: Annotated[str, typer.Option(help="Reason, for the audit trail.")] = "",
    dataset: DatasetOption = None,
) -> None:
    """Make an earlier version the champion again, and export it for serving."""
    from recsys_assets.registry import Registry
    from recsys_assets.registry.export import rollback as roll_back

    settings = settings_of(dataset)
    with clear_errors():
        restored = roll_back(Registry(settings), model, version, why=why)
    out.print(f"{model} is served from version {restored.version} again.")


def audit(
    model: Annotated[str | None, typer.Argument(help="Model, e.g. svd. [default: all]")] = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who or what promoted, refused or rolled back which version, when, why and from which feedback."""
    from recsys_assets.registry.audit import audit_entries

    settings = settings_of(dataset)
    entries = audit_entries(settings, model)
    if as_json:
        print_json(entries)
        return
    if not entries:
        stop(NOT_BUILT, f"nothing was promoted yet; run `recsys materialize --dataset {settings.dataset}`")
    table = RichTable(title=f"Audit trail · {settings.dataset}", title_justify="left")
    for column in ("when (UTC)", "what", "model", "version", "before", "by", "feedback", "why"):
        table.add_column(column, overflow="fold")
    for e in entries:
        seen = f"{e.made_from.get('feedback_events', '0')} events, {len(e.batches)} batches new"
        before = "" if e.before is None else str(e.before)
        table.add_row(e.at[:19], e.act, e.model, str(e.version), before, escape(e.by), seen, escape(e.why))
    out.print(table)


def shadow(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """How challengers that were not promoted answer the requests that champions are asked."""
    from recsys_assets.serving.shadow import shadow_report

    settings = settings_of(dataset)
    report = shadow_report(settings)
    if as_json:
        print_json(report.to_dicts())
        return
    if report.is_empty():
        stop(NOT_BUILT, "no request was scored in shadow yet; it takes a challenger that stayed one, and requests")
    table = RichTable(title=f"Challengers in shadow · {settings.dataset}", title_justify="left")
    for column in report.columns:
        table.add_column(column.replace("_", " "))
    for row in report.iter_rows():
        table.add_row(*(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row))
    out.print(table)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
