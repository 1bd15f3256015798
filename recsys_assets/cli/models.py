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
    dataset: DatasetOption = None,
) -> None:
    """Make an earlier version the champion again, and export it for serving."""
    from recsys_assets.registry import Registry
    from recsys_assets.registry.export import rollback as roll_back

    settings = settings_of(dataset)
    with clear_errors():
        restored = roll_back(Registry(settings), model, version)
    out.print(f"{model} is served from version {restored.version} again.")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
