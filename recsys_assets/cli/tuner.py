"""`recsys tuner`: what limits the training-data pipeline, what other machines would do, and tuners on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as RichTable

from recsys_assets.cli.common import (
    FAILED,
    MISUSED,
    NOT_BUILT,
    DatasetOption,
    JsonOption,
    err,
    out,
    print_json,
    settings_of,
    stop,
)

if TYPE_CHECKING:
    from recsys_assets.settings import Settings
    from recsys_assets.tuner.real.profile import PipelineProfile
    from recsys_assets.tuner.real.workload import Scenario, Workload

group = typer.Typer(help="Tune the pipeline that training data come through.", no_args_is_help=True)
ScenarioOption = Annotated[
    str,
    typer.Option(
        "--scenario",
        "-s",
        help="object-store, object-store-30ms (both emulated on this disk) or local-disk.",
    ),
]
CoresOption = Annotated[int | None, typer.Option(min=1, help="Cores to run on. [default: all that may be used]")]


@group.command()
def profile(
    scenario: ScenarioOption = "object-store",
    seconds: Annotated[float, typer.Option(min=0.1, help="Of each of about ten probes.")] = 1.5,
    cores: CoresOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the pipeline for some seconds in several ways: what limits it, and what would help most."""
    from recsys_assets.tuner.real.grid import on_cores
    from recsys_assets.tuner.real.profile import profile as measured

    chosen, work = _scenario(scenario), _workload(settings_of(dataset))
    with _clear_errors(), on_cores(cores or _all_cores()):
        found = measured(work, chosen, seconds=seconds, progress=lambda line: err.print(line, highlight=False))
    if as_json:
        print_json(found)
    else:
        _show_profile(found)


@group.command()
def grid(
    scenario: ScenarioOption = "object-store",
    cores: CoresOption = None,
    passes: Annotated[int, typer.Option(min=1, help="Times that each allocation is measured.")] = 2,
    seconds: Annotated[float, typer.Option(min=1, help="Begin no probe after so many; run again to go on.")] = 3600.0,
    dataset: DatasetOption = None,
) -> None:
    """Measure 120 allocations, some minutes a pass. Best on a machine that does nothing else."""
    from recsys_assets.tuner.deployed import grid_path
    from recsys_assets.tuner.real.grid import measure
    from recsys_assets.tuner.real.probe import FOREIGN

    settings, chosen, n = settings_of(dataset), _scenario(scenario), cores or _all_cores()
    path = grid_path(settings, chosen, n)
    with _clear_errors():
        rows = measure(
            _workload(settings),
            chosen,
            path,
            cores=n,
            passes=passes,
            seconds=seconds,
            progress=lambda line: err.print(line, highlight=False),
        )
    quiet = int((rows["foreign"] <= FOREIGN).sum())
    out.print(f"{len(rows)} probes, {quiet} of them undisturbed: {path}", highlight=False, soft_wrap=True)


@group.command()
def validate(
    scenario: ScenarioOption = "object-store", cores: CoresOption = None, dataset: DatasetOption = None
) -> None:
    """Whether the simulator foretells the measured grid: fitted on a third of it, judged on the rest."""
    from recsys_assets.tuner.deployed import measured_grid
    from recsys_assets.tuner.real.validation import validate as judged

    settings, chosen = settings_of(dataset), _scenario(scenario)
    with _clear_errors():
        grid, told = measured_grid(settings, chosen, cores or _all_cores())
        found = judged(grid)
    out.print(f"Grid {told}; {grid.left_out} disturbed probes left out.", highlight=False, soft_wrap=True)
    out.print(found.sentence, highlight=False, soft_wrap=True)
    if not found.passed:
        raise typer.Exit(FAILED)


@group.command()
def train(
    steps: Annotated[int, typer.Option(min=1, help="Decisions that are learned from.")] = 1_200_000,
    pipelines: Annotated[int, typer.Option(min=2, help="Simulated pipelines of each family in the comparison.")] = 256,
    dataset: DatasetOption = None,
) -> None:
    """Train the learned tuner on simulated pipelines, compare it there with its rivals, and keep it."""
    from recsys_assets.tuner.evaluation.report import to_markdown
    from recsys_assets.tuner.learned.training import TunerConfig
    from recsys_assets.tuner.published import publish_tuner

    made = publish_tuner(
        settings_of(dataset),
        TunerConfig(steps=steps),
        pipelines=pipelines,
        progress=lambda line: err.print(line, highlight=False),
    )
    looks = made.trained.looks
    best = max(look.quality for look in looks)
    head = f"SIMULATED. q on validation pipelines: {looks[0].quality:.4f} at the start, {best:.4f} at the best look."
    out.print(head, highlight=False, soft_wrap=True)
    out.print(to_markdown(made.contests), highlight=False, soft_wrap=True, markup=False)
    out.print(str(made.path), highlight=False, soft_wrap=True)


@group.command()
def tune(
    scenario: ScenarioOption = "object-store",
    decisions: Annotated[int, typer.Option(min=4, help="Of the tuner.")] = 30,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between decisions.")] = 1.0,
    dataset: DatasetOption = None,
) -> None:
    """Tune the real pipeline while it runs, with every decision: what limited it, what was done, expected and got."""
    from recsys_assets.tuner.published import deployed_tuner
    from recsys_assets.tuner.tuned import tune_live

    settings, chosen = settings_of(dataset), _scenario(scenario)
    with _clear_errors():
        found = tune_live(
            _workload(settings), chosen, deployed_tuner(settings), decisions=decisions, interval=interval, resize=False
        )
    table = RichTable(title="Decisions", title_justify="left")
    for column in ("limited by", "action", "decided by", "expected", "got", "stall"):
        table.add_column(column)
    for d in found.log:
        if d.before != d.after:
            figures = (f"{d.expected:.0f}", f"{d.got:.0f}", f"{d.stall:.0%}")
            table.add_row(d.bottleneck, d.action, d.by, *figures)
    out.print(table)
    out.print(f"{found.tuned.sentence}.", highlight=False, soft_wrap=True)


@group.command(name="batch-size")
def batch_size(
    model: Annotated[str, typer.Option("--model", "-m", help="A sequence model.")] = "sasrec",
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Windows a batch; several times.")] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Trainings of each size.")] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Of each training: all sizes see the same examples.")] = 3,
    scale: Annotated[bool, typer.Option(help="Learning rate by the square root of the size.")] = True,
    plot: Annotated[Path | None, typer.Option(help="Where to write a picture of it (PNG).")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Train briefly with batches of several sizes: speed beside validation NDCG, and what to take. Minutes."""
    from recsys_assets.tuner.batch_size import SIZES, BatchSizeError, compare_batch_sizes, sizes_markdown
    from recsys_assets.warehouse.lake import LakeError

    settings = settings_of(dataset)
    try:
        found = compare_batch_sizes(
            settings,
            model,
            sizes=sizes or SIZES,
            seeds=seeds,
            epochs=epochs,
            scaling="sqrt" if scale else "none",
            progress=lambda line: err.print(line, highlight=False, soft_wrap=True),
        )
    except BatchSizeError as error:
        stop(MISUSED, str(error))
    except LakeError as error:
        stop(NOT_BUILT, f"{error} `recsys materialize '*splits' --dataset {settings.dataset}` makes what is missing.")
    out.print(sizes_markdown(found), highlight=False, soft_wrap=True, markup=False)
    if plot is not None:
        from recsys_assets.evaluation.canvas import png_bytes
        from recsys_assets.tuner.figures import sizes_figure

        plot.write_bytes(png_bytes(sizes_figure(found)))


@group.command(name="what-if")
def what_if(
    cores: Annotated[int, typer.Option(min=1, help="Of the machine in question.")],
    memory: Annotated[str, typer.Option(help="That batches in flight may hold, e.g. 512MB or 256GB.")] = "1GB",
    trainer: Annotated[float | None, typer.Option(min=0.1, help="Batches a second. [default: as measured]")] = None,
    scenario: ScenarioOption = "object-store",
    dataset: DatasetOption = None,
) -> None:
    """What the pipeline would do on another machine, by the calibrated model; refused where the model is not."""
    from recsys_assets.tuner.deployed import measured_grid
    from recsys_assets.tuner.real.what_if import ask, bytes_of

    settings, chosen = settings_of(dataset), _scenario(scenario)
    with _clear_errors():
        measured, told = measured_grid(settings, chosen, _all_cores())
        answer = ask(measured, cores=cores, memory=bytes_of(memory), trainer=trainer)
    out.print(f"Grid {told}.", highlight=False, soft_wrap=True)
    for line in answer.lines:
        out.print(line, highlight=False, soft_wrap=True, markup=False)
    if not answer.validation.passed:
        raise typer.Exit(FAILED)


def _show_profile(found: PipelineProfile) -> None:
    from recsys_assets.tuner.allocation import STAGES

    u = found.untuned
    out.print(f"{found.storage}; {found.work}.", highlight=False, soft_wrap=True)
    trainer = f"Trainer (emulated): takes {found.scenario.trainer:g} batches a second at most."
    out.print(trainer, highlight=False, soft_wrap=True)
    table = RichTable(title="Untuned: one worker a stage, two batches ready", title_justify="left")
    for column in ("stage", "busy", "waits", "ms a batch", "CPU ms a batch"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for i, stage in enumerate(STAGES):
        figures = (
            f"{u.busy[i]:.0%}",
            f"{1 - u.busy[i]:.0%}",
            f"{1e3 * u.work[i]:.1f}",
            f"{1e3 * u.cpu_seconds[i]:.2f}",
        )
        table.add_row(stage, *figures)
    out.print(table)
    waits = f"{1e3 * u.wait_p50:.1f} / {1e3 * u.wait_p95:.1f} / {1e3 * u.wait_p99:.1f} ms"
    gpu = "no GPU seen" if u.gpu is None else f"GPU {u.gpu:.0%}"
    for line in (
        f"{u.batches_per_second:.1f} batches a second; data stall {u.stall:.0%}; batch wait p50/p95/p99 {waits}",
        f"CPU {u.utilization:.0%} of {u.cores} cores (others {u.foreign:.2f} cores), {gpu}; "
        f"{u.in_flight / 2**20:.1f} MiB in flight at most",
        f"Changing the workers takes {found.switching.call_ms:.2f} ms and loses {found.switching.lost_ms:.0f} ms of "
        "throughput; nothing is rebuilt",
    ):
        out.print(line, highlight=False, soft_wrap=True)
    tried = RichTable(title="What was tried", title_justify="left")
    for column in (
        "change",
        "batches/s",
        "gain",
        "stall",
        "wait p99 ms",
        "CPU cores",
        "MiB in flight",
        "then limited by",
    ):
        tried.add_column(column, justify="left" if column in ("change", "then limited by") else "right")
    for t in found.tried:
        p = t.probe
        figures = (f"{t.gain:+.0%}", f"{p.stall:.0%}", f"{1e3 * p.wait_p99:.0f}", f"{p.cpu:.2f}")
        tried.add_row(t.change, f"{p.batches_per_second:.1f}", *figures, f"{p.in_flight / 2**20:.1f}", p.bottleneck)
    out.print(tried)
    out.print(f"[bold]Limited by[/] {found.limit}.", highlight=False, soft_wrap=True)
    out.print(f"[bold]Helps most:[/] {found.advice}.", highlight=False, soft_wrap=True)
    if found.disturbed:
        out.print("[yellow]Others used the machine meanwhile: measure again when it is quiet.[/]", highlight=False)


def _scenario(name: str) -> Scenario:
    from recsys_assets.tuner.real.workload import scenarios

    try:
        return scenarios([name])[0]
    except ValueError as error:
        stop(MISUSED, str(error))


def _workload(settings: Settings) -> Workload:
    from recsys_assets.tuner.deployed import deployed_workload
    from recsys_assets.warehouse.lake import LakeError

    try:
        return deployed_workload(settings)
    except LakeError as error:
        stop(NOT_BUILT, f"{error} `recsys materialize '*splits' --dataset {settings.dataset}` makes what is missing.")


@contextmanager
def _clear_errors() -> Iterator[None]:
    from recsys_assets.loading.streaming.engine import PipelineError
    from recsys_assets.tuner.real.grid import GridError

    try:
        yield
    except GridError as error:
        stop(NOT_BUILT, str(error))
    except (PipelineError, ValueError) as error:
        stop(FAILED, str(error))


def _all_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
