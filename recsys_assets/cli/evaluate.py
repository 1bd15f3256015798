"""`recsys evaluate`: any model through any protocol, with intervals, beside another model and the leaderboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from recsys_assets.cli.common import (
    FAILED,
    MISUSED,
    NOT_BUILT,
    DatasetOption,
    JsonOption,
    clear_errors,
    err,
    out,
    print_json,
    settings_of,
    stop,
)
from recsys_assets.cli.model_options import configs_of
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from recsys_assets.evaluation.measured import Measured
    from recsys_assets.progress import Progress
    from recsys_assets.recommenders import Recommender

Protocol = Literal["temporal", "leave-one-out", "five-fold", "ml1m-ultragcn", "seed-windows"]


def evaluate(
    model: Annotated[list[str], typer.Option("--model", "-m", help="Model; give two or more to compare them.")],
    protocol: Annotated[Protocol, typer.Option("--protocol", "-p", help="How it is judged.")] = "leave-one-out",
    dataset: DatasetOption = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="[MODEL.]FIELD=VALUE", help="Config field of the model; of one of several: ease.x=1."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of model and split. [default: the deployment's]")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many seeds in a row are averaged.")] = 1,
    part: Annotated[
        Literal["test", "validation"], typer.Option(help="Choose settings on validation, look at test once.")
    ] = "test",
    as_json: JsonOption = False,
) -> None:
    """Put models through a protocol on the published splits: figures, 95 % intervals, differences."""
    settings = settings_of(dataset)
    configs = configs_of(model, set_ or [])
    first = settings.seed if seed is None else seed
    with clear_errors(), clear_evaluation_errors(settings), _spinner(as_json) as progress:
        makers = _makers(protocol, configs)
        if protocol == "seed-windows":
            document = _leaking(settings, makers, seed, progress)
        else:
            measured = _measure(settings, protocol, makers, range(first, first + seeds), part, progress)
            document = _compared(settings, protocol, measured)
    if as_json:
        print_json(document.pop("json"))
        return
    for shown in document["tables"]:
        out.print(shown)
    for line in document["lines"]:
        out.print(escape(line), highlight=False, soft_wrap=True)


@contextmanager
def clear_evaluation_errors(settings: Settings) -> Iterator[None]:
    """What can't be evaluated becomes one line and an exit code; what is not published, the command that does it."""
    from recsys_assets.evaluation.errors import EvaluationError
    from recsys_assets.sources.files import SourceError
    from recsys_assets.warehouse.lake import LakeError

    try:
        yield
    except LakeError as error:
        command = f"recsys materialize '*splits' --dataset {settings.dataset}"
        stop(NOT_BUILT, f"{settings.dataset} has no published splits; run `{command}` ({error})")
    except (EvaluationError, SourceError) as error:
        stop(FAILED, str(error))


def _makers(protocol: str, configs: dict[str, dict[str, Any]]) -> dict[str, Callable[[], Recommender]]:
    """Each model's maker; a wrong name or field stops here, before anything is read.

    On the UltraGCN split models have the settings chosen on its training part, as its literature does.
    """
    from recsys_assets.evaluation.ultragcn import ULTRAGCN_CONFIGS
    from recsys_assets.recommenders import ModelError, build

    presets = ULTRAGCN_CONFIGS if protocol == "ml1m-ultragcn" else {}
    found: dict[str, Callable[[], Recommender]] = {}
    for name, given in configs.items():
        config = presets.get(name, {}) | given
        try:
            build(name, config)
        except ModelError as error:
            stop(MISUSED, str(error))
        found[name] = lambda name=name, config=config: build(name, config)  # type: ignore[misc]
    return found


def _measure(
    settings: Settings,
    protocol: str,
    makers: dict[str, Callable[[], Recommender]],
    seeds: range,
    part: Literal["test", "validation"],
    progress: Progress,
) -> list[Measured]:
    from recsys_assets.evaluation.evaluate import (
        evaluate_five_fold,
        evaluate_leave_one_out,
        evaluate_temporal,
        evaluate_ultragcn,
    )
    from recsys_assets.evaluation.published import Published
    from recsys_assets.sources.ml_1m_ultragcn import load_ultragcn

    if part == "validation" and protocol not in ("temporal", "leave-one-out"):
        stop(MISUSED, f"{protocol} has no validation part")
    if protocol == "ml1m-ultragcn":
        pairs = load_ultragcn(settings, progress=progress)
        return [evaluate_ultragcn(make, pairs, seeds=seeds, progress=progress) for make in makers.values()]
    data = Published.of(settings)
    if protocol == "five-fold":
        return [evaluate_five_fold(make, data, seeds=seeds, progress=progress) for make in makers.values()]
    run = evaluate_temporal if protocol == "temporal" else evaluate_leave_one_out
    return [run(make, data, seeds=seeds, part=part, progress=progress) for make in makers.values()]


def _compared(settings: Settings, protocol: str, measured: list[Measured]) -> dict[str, Any]:
    from recsys_assets.evaluation.evaluate import HEADLINES
    from recsys_assets.evaluation.evaluate_report import as_json, lines, tables
    from recsys_assets.evaluation.standing import standing

    dataset = "ml-1m-ultragcn" if protocol == "ml1m-ultragcn" else settings.dataset
    stands = [standing(settings, m, HEADLINES[protocol]) for m in measured]
    return {
        "tables": tables(measured, protocol=protocol, dataset=dataset),
        "lines": lines(measured, stands, protocol=protocol),
        "json": as_json(measured, stands, protocol=protocol, dataset=dataset),
    }


def _leaking(
    settings: Settings, makers: dict[str, Callable[[], Recommender]], seed: int | None, progress: Progress
) -> dict[str, Any]:
    from recsys_assets.evaluation.evaluate_report import windows_json, windows_lines, windows_table
    from recsys_assets.evaluation.published import Published
    from recsys_assets.evaluation.seed_windows import SEED, seed_windows

    data = Published.of(settings)
    seed = SEED if seed is None else seed
    found = seed_windows(makers, data.splits, data.catalogue, seed=seed, progress=progress)
    return {
        "tables": [windows_table(found, dataset=settings.dataset, seed=seed)],
        "lines": windows_lines(found),
        "json": windows_json(found, dataset=settings.dataset, seed=seed),
    }


@contextmanager
def _spinner(quiet: bool) -> Iterator[Progress]:
    """What is being done, on the error console; nothing for scripts."""
    from recsys_assets.progress import silent

    if quiet:
        yield silent
        return
    with err.status("[bold]Reading what was published") as status:
        yield lambda message: status.update(f"[bold]{escape(message)}")
