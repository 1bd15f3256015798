"""`recsys tune`: a search for better settings of one model, on validation data only."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from recsys_assets.cli.common import (
    MISUSED,
    DatasetOption,
    JsonOption,
    clear_errors,
    err,
    out,
    settings_of,
    stop,
)
from recsys_assets.cli.evaluate import clear_evaluation_errors

if TYPE_CHECKING:
    from recsys_assets.evaluation.tuning import TriedSettings
    from recsys_assets.registry.studies import Tuned


def tune(
    model: Annotated[str, typer.Argument(help="Model, e.g. svd.")],
    dataset: DatasetOption = None,
    trials: Annotated[int, typer.Option(min=1, help="Settings to be tried in all, earlier runs counted.")] = 40,
    timeout: Annotated[float | None, typer.Option(min=0, help="Begin no trial after so many seconds.")] = None,
    objective: Annotated[
        Literal["temporal", "leave-one-out", "five-fold"],
        typer.Option(help="Validation NDCG@10 after a date or of each user's last movie but one, or RMSE."),
    ] = "temporal",
    seed: Annotated[int | None, typer.Option(help="Of search and model. [default: the deployment's]")] = None,
    as_json: JsonOption = False,
) -> None:
    """Search better settings on validation data; the test part is never looked at. Killed, it goes on where it was."""
    from recsys_assets.recommenders import ModelError
    from recsys_assets.recommenders.search_spaces import search_space

    settings = settings_of(dataset)
    try:
        search_space(model)
    except ModelError as error:
        stop(MISUSED, str(error))
    from recsys_assets.registry.studies import tune as tuned_by

    options: dict[str, Any] = {"trials": trials, "timeout": timeout, "seed": seed}
    with clear_errors(), clear_evaluation_errors(settings), _Bar(model, trials, objective, quiet=as_json) as bar:
        tuned = tuned_by(settings, model, objective, told=bar.told, **options)
    if as_json:
        print(tuned.report.read_text(encoding="utf-8"))
        return
    _show(tuned, settings.dataset)


def _show(tuned: Tuned, dataset: str) -> None:
    found = tuned.search
    failed = sum(t.failure is not None for t in found.trials)
    seconds = sum(t.cpu_seconds for t in found.trials)
    out.print(
        f"{found.metric}: {_figure(found.default.value)} with the defaults, [bold]{_figure(found.best.value)}[/] with "
        f"the best of {len(found.trials)} settings ({failed} failed, {seconds:,.0f} CPU seconds, seed {found.seed}).",
        highlight=False,
        soft_wrap=True,
    )
    if found.importance:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.importance.items() if share >= 0.01)
        out.print(f"What mattered: {escape(shares)}.", highlight=False, soft_wrap=True)
    if not found.changed:
        out.print("The defaults stay the best found.")
    else:
        given = " ".join(f"--set {shlex.quote(f'{k}={json.dumps(v)}')}" for k, v in found.changed.items())
        launchpad = {"ops": {found.model: {"config": found.config}}}
        command = f"recsys evaluate --model {found.model} --protocol {found.objective} --dataset {dataset} {given}"
        out.print(f"\n{escape(command)}", highlight=False, soft_wrap=True)
        out.print("\nFor Dagster's launchpad:")
        out.print(escape(json.dumps(launchpad, indent=1)), highlight=False, soft_wrap=True)
    out.print(f"[dim]{tuned.report}[/]", soft_wrap=True)


class _Bar:
    """Trials done of all, and the best value so far, on the error console."""

    def __init__(self, model: str, trials: int, objective: str, *, quiet: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.best: float | None = None
        self.lower = objective == "five-fold"
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("best {task.fields[best]}"),
            console=err,
            disable=quiet,
        )
        self.task = self.progress.add_task(f"tuning {model}", total=trials, best="–")

    def __enter__(self) -> _Bar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def told(self, tried: TriedSettings) -> None:
        if tried.failure is not None:
            self.progress.console.print(f"trial {tried.number} failed: {escape(tried.failure)}", highlight=False)
        if tried.value is not None and (
            self.best is None or (tried.value < self.best if self.lower else tried.value > self.best)
        ):
            self.best = tried.value
        self.progress.update(self.task, advance=1, best=_figure(self.best))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
