"""`recsys tuner batch-size`: what larger batches gain in speed, and what they cost in quality."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recsys_assets.cli.common import MISUSED, NOT_BUILT, DatasetOption, out, settings_of, stop
from recsys_assets.cli.tuner_shared import told


def batch_size(
    model: Annotated[str, typer.Option("--model", "-m", help="A sequence model.")] = "sasrec",
    sizes: Annotated[list[int] | None, typer.Option("--size", min=1, help="Windows a batch; several times.")] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Trainings of each size.")] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Of each training: all sizes see the same examples.")] = 10,
    scale: Annotated[bool, typer.Option(help="Learning rate by the square root of the size.")] = True,
    plot: Annotated[Path | None, typer.Option(help="Where to write a picture of it (PNG).")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Train with batches of several sizes: speed beside validation NDCG, and what to take. Some minutes a size."""
    from recsys_assets.recommenders.results import ModelError
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
            progress=told,
        )
    except (BatchSizeError, ModelError) as error:
        stop(MISUSED, str(error))
    except LakeError as error:
        stop(NOT_BUILT, f"{error} `recsys materialize '*splits' --dataset {settings.dataset}` makes what is missing.")
    out.print(sizes_markdown(found), highlight=False, soft_wrap=True, markup=False)
    if plot is not None:
        from recsys_assets.evaluation.canvas import png_bytes
        from recsys_assets.tuner.figures import sizes_figure

        plot.write_bytes(png_bytes(sizes_figure(found)))
