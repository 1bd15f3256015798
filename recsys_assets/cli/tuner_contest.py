"""`recsys tuner contest` and `replay`: all tuners on the real pipeline, live or on what was measured of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as RichTable

from recsys_assets.cli.common import MISUSED, DatasetOption, JsonOption, out, print_json, settings_of, stop
from recsys_assets.cli.tuner_shared import (
    OthersOption,
    ScenarioOption,
    all_cores,
    clear_tuner_errors,
    scenario_of,
    told,
    workload_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.tuner.real.contest import LiveRun
    from recsys_assets.tuner.real.standing import Place

CoresTwiceOption = Annotated[
    str | None, typer.Option("--cores", help="Before and after the re-size, e.g. 2,1. [default: all, half]")
]
TunersOption = Annotated[str, typer.Option(help="Who takes part, e.g. ds2,fitted,lp. [default: all]")]


def contest(
    scenario: ScenarioOption = "object-store",
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each tuner, in turns.")] = 5,
    cores: CoresTwiceOption = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Begin no run that would end later; go on later.")
    ] = None,
    tuners: TunersOption = "",
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between decisions.")] = 1.0,
    decisions: Annotated[int, typer.Option(min=4, help="Of a run; the machine changes after three quarters.")] = 40,
    others: OthersOption = 0.25,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """All tuners live, each alone from one worker a stage on, with a re-size in mid-run; cut short, it goes on."""
    from recsys_assets.tuner.deployed import contest_path, folder_of, measured_grid
    from recsys_assets.tuner.real.contest import Contest
    from recsys_assets.tuner.real.entrants import entrants
    from recsys_assets.tuner.real.standing import standings
    from recsys_assets.tuner.reported import add_to_report

    settings, chosen, machine = settings_of(dataset), scenario_of(scenario), _machine(cores)
    work = workload_of(settings)
    path = contest_path(settings, chosen, machine)
    with clear_tuner_errors():
        grids = [measured_grid(settings, chosen, n, others=others) for n in machine]
        best = (grids[0][0].throughput.max(), grids[1][0].throughput.max())
        makers = entrants(_names(tuners), grids=[grid for grid, _ in grids], policy=folder_of(settings) / "policy.npz")
        held = Contest(machine, (float(best[0]), float(best[1])), interval, decisions, 3 * decisions // 4, others)
        seconds = float("inf") if minutes is None else 60 * minutes
        runs = held.hold(work, chosen, makers, path, repeats=repeats, seconds=seconds, progress=told)
        places = standings(runs, others=others)
    name = f"{chosen.name}, {machine[0]} cores, then {machine[1]}"
    written = add_to_report(settings, "live", {name: [asdict(place) for place in places]})
    if as_json:
        print_json(places)
        return
    told(
        f"{work.summary}; best of a grid {_and(grids[0][1], grids[1][1])}: {best[0]:.0f}, then {best[1]:.0f} batches/s."
    )
    _show(places, name)
    _missing(runs, set(makers), repeats, others)
    _picture(runs, written.parent / f"tuner-{path.stem}.png")
    told(f"{path}, {written}")


def replay(
    scenario: ScenarioOption = "object-store",
    cores: CoresTwiceOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Of the noise of readings, and of searches.")] = 20,
    tuners: TunersOption = "",
    others: OthersOption = 0.25,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """All tuners on replays of the measured grids, searches among them: what each interval made was measured."""
    from recsys_assets.tuner.deployed import folder_of, measured_grid
    from recsys_assets.tuner.real.entrants import entrants
    from recsys_assets.tuner.real.tabular import replay_all, rows
    from recsys_assets.tuner.reported import add_to_report

    settings, chosen, machine = settings_of(dataset), scenario_of(scenario), _machine(cores)
    with clear_tuner_errors():
        grids = [measured_grid(settings, chosen, n, others=others) for n in machine]
        measured = [grid for grid, _ in grids]
        makers = entrants(_names(tuners), grids=measured, policy=folder_of(settings) / "policy.npz")
        found = rows(replay_all(makers, measured, seeds=seeds, progress=told))
    name = f"{chosen.name}, {machine[0]} cores, then {machine[1]}"
    written = add_to_report(settings, "replayed", {name: found})
    if as_json:
        print_json(found)
        return
    table = RichTable(
        title=f"Replayed: {name}; {seeds} seeds; grid {_and(grids[0][1], grids[1][1])}", title_justify="left"
    )
    _columns(table, "tuner", "q", "against DS2, 95 %", "to re-size", "5 after", "end")
    for row in found:
        against = "{difference:+.3f} ({low:+.3f} to {high:+.3f})".format(**row)
        shares = (f"{row[figure]:.3f}" for figure in ("before_resize", "after_resize", "at_end"))
        table.add_row(str(row["tuner"]), f"{row['q']:.3f}", against, *shares)
    out.print(table)
    told(str(written))


def _names(tuners: str) -> list[str]:
    return [name.strip() for name in tuners.split(",") if name.strip()]


def _machine(cores: str | None) -> tuple[int, int]:
    if cores is None:
        return all_cores(), max(1, all_cores() // 2)
    try:
        first, then = (int(part) for part in cores.split(","))
    except ValueError:
        stop(MISUSED, f"--cores takes two numbers, before and after the re-size, e.g. 2,1; this is {cores!r}")
    return first, then


def _and(first: str, then: str) -> str:
    return first if first == then else f"{first} and {then}"


def _show(places: list[Place], name: str) -> None:
    """Three tables, for terminals of 80 columns: how they stand, when, and what it cost."""
    from recsys_assets.tuner.written import against, rate

    standing, when, cost = (
        RichTable(title=title, title_justify="left")
        for title in (f"Live: {name}", "q against the grid, and by time", "What it cost")
    )
    _columns(standing, "tuner", "runs", "q", "against DS2, 95 %", "batches/s", "x untuned")
    _columns(when, "tuner", "of grid", "to re-size", "5 after", "end")
    _columns(cost, "tuner", "stall", "CPU ms a batch", "switches", "over memory")
    for p in places:
        standing.add_row(p.tuner, f"{p.runs}", f"{p.q:.3f}", against(p), rate(p.throughput), rate(p.times_untuned, 1))
        when.add_row(p.tuner, *(f"{q:.3f}" for q in (p.q_of_grid, p.before_resize, p.after_resize, p.at_end)))
        cost.add_row(p.tuner, f"{p.stall:.0%}", f"{p.cpu_ms:.2f}", f"{p.switches:.0f}", f"{p.died:.0%}")
    for table in (standing, when, cost):
        out.print(table)


def _columns(table: RichTable, first: str, *figures: str) -> None:
    table.add_column(first)
    for figure in figures:
        table.add_column(figure, justify="right")


def _missing(runs: list[LiveRun], names: set[str], repeats: int, others: float) -> None:
    good = {(run.tuner, run.repeat) for run in runs if run.foreign <= others}
    missing = sum((name, repeat) not in good for name in names for repeat in range(repeats))
    disturbed = sum(run.foreign > others for run in runs)
    if disturbed:
        told(f"{disturbed} runs were disturbed by others on the machine and left out.")
    if missing:
        told(f"{missing} runs are still to be made: the same command again goes on.")


def _picture(runs: list[LiveRun], path: Path) -> None:
    try:
        from recsys_assets.evaluation.canvas import png_bytes
        from recsys_assets.tuner.figures import contest_figure

        path.write_bytes(png_bytes(contest_figure(runs)))
    except ImportError:  # a bare machine to measure on has no matplotlib
        return
