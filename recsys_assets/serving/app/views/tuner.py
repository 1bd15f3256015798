"""Tuner: what the pipeline tuner chose, what it gained, how it got there, and how it does on simulated pipelines."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import tuner as facts
from recsys_assets.serving.app.figures.basic import lying
from recsys_assets.serving.app.figures.tuner import gain_figure, steps_figure
from recsys_assets.serving.app.markup import Cell, table
from recsys_assets.serving.app.store import read, settings, stamp

deployed, theme = settings(), parts.theme()
parts.heading(
    "Tuner",
    "Sequence models read their training data through a pipeline: fetch, decode, sample, batch. The tuner watches it "
    "run and sets the workers of each stage; what is learned stays the same.",
)

folder = deployed.data_dir / "tuner" / deployed.dataset
report = deployed.reports_dir / deployed.dataset / "tuner.json"
found = read(facts.tuner, deployed, at=stamp(folder, folder / "tuned.json", report))
if found is None:
    parts.empty(
        f"The pipeline of {deployed.dataset} was not tuned yet",
        f"recsys materialize -d {deployed.dataset} tuned_pipeline_config",
    )
    st.stop()

if found.chosen:
    parts.section("What it gained", "The same pipeline, measured in turn with one worker a stage and as tuned.")
    parts.chart(
        gain_figure(found.chosen, theme=theme),
        alt="; ".join(f"{c.scenario}: {c.untuned:.0f} to {c.tuned:.0f} batches a second" for c in found.chosen),
        key="gain",
    )
    parts.show(
        table(
            ("storage", "untuned", "tuned", "stall untuned", "stall tuned", "decisions", "outcome"),
            [
                (
                    c.scenario,
                    f"{c.untuned:,.1f}",
                    f"{c.tuned:,.1f}",
                    f"{c.untuned_stall:.0%}",
                    f"{c.stall:.0%}",
                    c.decisions,
                    Cell(c.words, "good" if c.worth_it else "idle"),
                )
                for c in found.chosen
            ],
            caption="Batches a second, share of the time the trainer waits, and what was chosen",
            numbers=range(1, 6),
        )
    )
if found.steps:
    parts.section(
        "How it got there", "Throughput after each decision, and the workers that were set, of all stages together."
    )
    scenario = st.selectbox("Storage", list(found.steps))
    steps = found.steps[scenario]
    parts.chart(
        steps_figure(steps, theme=theme),
        alt=f"{len(steps)} decisions: from {steps[0].throughput:.0f} to {steps[-1].throughput:.0f} batches a second.",
        key=f"steps-{scenario}",
        columns=("decision", "batches a second", "stall", "limited by", "workers", "ready"),
        rows=[
            (
                s.number,
                f"{s.throughput:.1f}",
                f"{s.stall:.0%}",
                s.bottleneck,
                ", ".join(map(str, s.workers)),
                s.prefetch,
            )
            for s in steps
        ],
    )


def contest(title: str, note: str, held: facts.Contest) -> None:
    parts.section(title, note)
    parts.chart(
        lying(held.tuners, {"q": held.quality}, theme=theme, x="q: share of the best possible throughput"),
        alt="; ".join(f"{name}: q {q:.3f}" for name, q in zip(held.tuners, held.quality, strict=True) if q is not None),
        key=f"contest-{title}",
    )
    parts.show(
        table(
            [facts.LABELS[c] for c in held.columns],
            held.told(),
            caption=f"{title}, the best first; in brackets the 95 % interval",
            numbers=range(1, len(held.columns)),
            wide=True,
        )
    )


for name, held in found.live.items():
    contest(
        f"On the real pipeline: {name}",
        "Each tuner alone, from one worker a stage on, with a re-size in mid-run (`recsys tuner contest`).",
        held,
    )
for name, held in found.contests.items():
    contest(f"Simulated pipelines: {name}", "Pipelines of 16 to 128 cores that no tuner saw.", held)
