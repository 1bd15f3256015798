"""What each asset of the tuner makes and shows: figures, words, tables and pictures, and whether it may be kept.

Pictures are in the markdown itself (`data:` addresses), so that what is kept is whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from recsys_assets.evaluation.canvas import markdown_image
from recsys_assets.loading.pipeline import PipelineConfig
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.tuner.batch_size import published_sizes, sizes_markdown
from recsys_assets.tuner.deployed import measured_grid
from recsys_assets.tuner.figures import knee_figure, tuning_figure
from recsys_assets.tuner.learned.training import TunerConfig
from recsys_assets.tuner.published import publish_profile, publish_tuned, publish_tuner, tuned_workers
from recsys_assets.tuner.real.grid import GridError
from recsys_assets.tuner.real.workload import OBJECT_STORE
from recsys_assets.tuner.slow import slow_markdown, tune_slow
from recsys_assets.tuner.unchanged import Shown
from recsys_assets.tuner.written import log_markdown, profile_markdown, tuned_markdown


@dataclass(frozen=True)
class Made:
    """`sound`: measured undisturbed, so that it need not be measured again while nothing changes."""

    shown: Shown
    sound: bool = True


def make_profile(settings: Settings, *, seconds: float, progress: Progress = silent) -> Made:
    """What limits the pipeline, for each kind of storage."""
    found = publish_profile(settings, seconds=seconds, progress=progress)
    figures: dict[str, float] = {}
    words: dict[str, str] = {}
    for p in found:
        name = _snake(p.scenario.name)
        figures |= {
            f"{name}_batches_per_second": p.untuned.batches_per_second,
            f"{name}_stall": p.untuned.stall,
            f"{name}_best_gain": p.best.gain,
            f"{name}_switching_ms": p.switching.call_ms,
        }
        words |= {f"{name}_limit": p.limit, f"{name}_advice": p.advice}
    return Made(Shown(figures, words, {"tables": profile_markdown(found)}), not any(p.disturbed for p in found))


def make_tuner(settings: Settings, config: TunerConfig, *, pipelines: int, progress: Progress = silent) -> Made:
    """The learned tuner beside its rivals."""
    from recsys_assets.tuner.evaluation.report import steps_figure, to_markdown
    from recsys_assets.tuner.evaluation.rivals import RIVAL

    made = publish_tuner(settings, config, pipelines=pipelines, progress=progress)
    looks, name = made.trained.looks, made.trained.tuner.name
    q = {f"q_{c.family.name}": float(c.quality(name).mean()) for c in made.contests}
    figure = steps_figure(made.contests[0], [name, RIVAL, "fitted model"])
    return Made(
        Shown(
            {**q, "q_at_start": looks[0].quality, "q_best_look": max(k.quality for k in looks)},
            {},
            {
                "comparison": "SIMULATED.\n\n" + to_markdown(made.contests),
                "plots": markdown_image(figure, alt="throughput before and after a re-size"),
            },
        )
    )


def make_tuned(
    settings: Settings, *, decisions: int, interval: float, slow_seconds: float, progress: Progress = silent
) -> Made:
    """What the tuner came to on the real pipeline, and how; then the slow knobs, with the workers that it found."""
    found = publish_tuned(settings, decisions=decisions, interval=interval, progress=progress)
    own = PipelineConfig.model_validate(tuned_workers(settings))
    slow = tune_slow(settings, own, seconds=slow_seconds, progress=progress) if slow_seconds else None
    sizes = published_sizes(settings).values()
    pictures = [markdown_image(tuning_figure(t), alt=f"tuning of {t.tuned.scenario}") for t in found]
    return Made(
        Shown(
            {f"{_snake(t.tuned.scenario)}_ratio": t.tuned.ratio for t in found},
            {_snake(t.tuned.scenario): t.tuned.sentence for t in found}
            | ({"slow_knobs": slow.sentence} if slow else {}),
            {
                "comparison": tuned_markdown(found),
                "decisions": "\n\n".join([log_markdown(found), *([slow_markdown(slow)] if slow else [])]),
                **({"batch_sizes": "\n\n".join(map(sizes_markdown, sizes))} if sizes else {}),
                "plots": "\n\n".join(pictures),
                "knee": _knee(settings),
            },
        ),
        all(t.sound for t in found),
    )


def _knee(settings: Settings) -> str:
    try:
        grid, told = measured_grid(settings, OBJECT_STORE, 2)
    except GridError as error:
        return str(error)
    return f"Grid {told}.\n\n{markdown_image(knee_figure(grid), alt='what memory buys')}"


def _snake(name: str) -> str:
    return name.replace("-", "_")
