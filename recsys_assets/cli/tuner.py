"""`recsys tuner`: what limits the training-data pipeline, what other machines would do, and tuners on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as RichTable

from recsys_assets.cli import tuner_batch_size, tuner_contest, tuner_simulated
from recsys_assets.cli.common import FAILED, DatasetOption, JsonOption, out, print_json, settings_of
from recsys_assets.cli.tuner_shared import (
    CoresOption,
    OthersOption,
    ScenarioOption,
    all_cores,
    clear_tuner_errors,
    scenario_of,
    told,
    workload_of,
)

if TYPE_CHECKING:
    from recsys_assets.settings import Settings
    from recsys_assets.tuner.real.profile import PipelineProfile
    from recsys_assets.tuner.real.workload import Scenario

group = typer.Typer(help="Tune the pipeline that training data come through.", no_args_is_help=True)
group.command()(tuner_contest.contest)
group.command(name="from-scratch")(tuner_simulated.from_scratch)
group.command()(tuner_simulated.simulated)
group.command(name="batch-size")(tuner_batch_size.batch_size)
group.command()(tuner_contest.replay)


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

    chosen, work = scenario_of(scenario), workload_of(settings_of(dataset))
    with clear_tuner_errors(), on_cores(cores or all_cores()):
        found = measured(work, chosen, seconds=seconds, progress=told)
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
    quick: Annotated[bool, typer.Option("--quick", help="40 allocations, a minute a pass.")] = False,
    others: OthersOption = 0.25,
    dataset: DatasetOption = None,
) -> None:
    """Measure 120 allocations, some minutes a pass. Best on a machine that does nothing else."""
    from recsys_assets.tuner.deployed import grid_path
    from recsys_assets.tuner.real.grid import LEVELS, QUICK, measure

    settings, chosen, n = settings_of(dataset), scenario_of(scenario), cores or all_cores()
    path = grid_path(settings, chosen, n)
    with clear_tuner_errors():
        rows = measure(
            workload_of(settings),
            chosen,
            path,
            cores=n,
            passes=passes,
            levels=QUICK if quick else LEVELS,
            seconds=seconds,
            progress=told,
        )
    quiet = int((rows["foreign"].to_numpy() <= others).sum())
    out.print(f"{len(rows)} probes, {quiet} of them undisturbed: {path}", highlight=False, soft_wrap=True)


@group.command()
def validate(
    scenario: ScenarioOption = "object-store",
    cores: CoresOption = None,
    others: OthersOption = 0.25,
    dataset: DatasetOption = None,
) -> None:
    """Whether the simulator foretells the measured grid: fitted on a third of it, judged on the rest."""
    from recsys_assets.tuner.deployed import measured_grid
    from recsys_assets.tuner.real.validation import validate as judged

    settings, chosen = settings_of(dataset), scenario_of(scenario)
    with clear_tuner_errors():
        grid, told = measured_grid(settings, chosen, cores or all_cores(), others=others)
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
        progress=told,
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
    slow_knobs: Annotated[
        bool,
        typer.Option("--slow-knobs", help="Then search row-group size, read-ahead, in-flight limit and threads, too."),
    ] = False,
    model: Annotated[str, typer.Option("--model", "-m", help="That trains while slow knobs are searched.")] = "sasrec",
    seconds: Annotated[float, typer.Option(min=1, help="For the slow knobs.")] = 60.0,
    dataset: DatasetOption = None,
) -> None:
    """Tune the real pipeline while it runs, say why with every decision, and keep what came of it for training."""
    from recsys_assets.tuner.published import deployed_tuner
    from recsys_assets.tuner.tuned import publish_tuning, tune_live
    from recsys_assets.tuner.written import rate

    settings, chosen = settings_of(dataset), scenario_of(scenario)
    with clear_tuner_errors():
        found = tune_live(
            workload_of(settings),
            chosen,
            deployed_tuner(settings),
            decisions=decisions,
            interval=interval,
            resize=False,
        )
    path = publish_tuning(settings, [found])
    table = RichTable(title="Decisions", title_justify="left")
    for column in ("limited by", "action", "decided by", "expected", "got", "stall"):
        table.add_column(column)
    for d in found.log:
        if d.before != d.after:
            figures = (rate(d.expected), rate(d.got), f"{d.stall:.0%}")
            table.add_row(d.bottleneck, d.action, d.by, *figures)
    out.print(table)
    out.print(f"{found.tuned.sentence}.", highlight=False, soft_wrap=True)
    told(str(path))
    if slow_knobs:
        _tune_slow(settings, chosen, model, seconds)


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

    settings, chosen = settings_of(dataset), scenario_of(scenario)
    with clear_tuner_errors():
        measured, told = measured_grid(settings, chosen, all_cores())
        answer = ask(measured, cores=cores, memory=bytes_of(memory), trainer=trainer)
    out.print(f"Grid {told}.", highlight=False, soft_wrap=True)
    for line in answer.lines:
        out.print(line, highlight=False, soft_wrap=True, markup=False)
    if not answer.validation.passed:
        raise typer.Exit(FAILED)


def _tune_slow(settings: Settings, scenario: Scenario, model: str, seconds: float) -> None:
    """As training data would come in that scenario; where no deployment keeps them so, as they do in this one."""
    from recsys_assets.loading.pipeline import PipelineConfig
    from recsys_assets.tuner.published import STORAGE, tuned_workers
    from recsys_assets.tuner.slow import slow_markdown, tune_slow

    if scenario.name in STORAGE:
        settings = settings.model_copy(update={"training_storage": scenario.name})
    with clear_tuner_errors():
        own = PipelineConfig.model_validate(tuned_workers(settings))
        found = tune_slow(settings, own, model=model, seconds=seconds, progress=told)
    out.print(slow_markdown(found), highlight=False, soft_wrap=True, markup=False)


def _show_profile(found: PipelineProfile) -> None:
    from recsys_assets.tuner.allocation import STAGES

    u = found.untuned
    out.print(f"{found.storage}; {found.work}.", highlight=False, soft_wrap=True)
    out.print(f"{found.scenario.trainer_in_words}.", highlight=False, soft_wrap=True)
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
