"""What the commands of `recsys tuner` share: their options, what is measured, and how they stop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from recsys_assets.cli.common import FAILED, MISUSED, NOT_BUILT, err, stop

if TYPE_CHECKING:
    from recsys_assets.settings import Settings
    from recsys_assets.tuner.real.workload import Scenario, Workload

ScenarioOption = Annotated[
    str,
    typer.Option(
        "--scenario",
        "-s",
        help="object-store, object-store-30ms (both emulated on this disk), local-disk, or object-store-gpu: "
        "SASRec is trained on this machine's GPU meanwhile.",
    ),
]
CoresOption = Annotated[int | None, typer.Option(min=1, help="Cores to run on. [default: all that may be used]")]
OthersOption = Annotated[
    float, typer.Option(min=0, help="Cores that others may use before what is measured counts as disturbed.")
]


def told(line: str) -> None:
    """Progress, on the error console."""
    err.print(line, highlight=False, soft_wrap=True)


def scenario_of(name: str) -> Scenario:
    from recsys_assets.tuner.real.workload import scenarios

    try:
        return scenarios([name])[0]
    except ValueError as error:
        stop(MISUSED, str(error))


def workload_of(settings: Settings) -> Workload:
    from recsys_assets.tuner.deployed import NoRatingsError, deployed_workload

    try:
        return deployed_workload(settings)
    except NoRatingsError as error:
        stop(NOT_BUILT, f"{error} `recsys materialize '*splits' --dataset {settings.dataset}` makes what is missing.")


@contextmanager
def clear_tuner_errors() -> Iterator[None]:
    from recsys_assets.loading.streaming.engine import PipelineError
    from recsys_assets.tuner.real.grid import GridError

    try:
        yield
    except GridError as error:
        stop(NOT_BUILT, str(error))
    except (PipelineError, ValueError) as error:
        stop(FAILED, str(error))


def all_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
