"""Tuner: what the pipeline tuner chose, what it gained, how it got there, and how it does on simulated pipelines."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import tuner as facts
from recsys_assets.serving.app.figures.tuner import contest_figure, gain_figure, steps_figure
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
            ("storage", "untuned", "tuned", "stall untuned", "stall tuned", "outcome"),
            [
                (
                    c.scenario,
                    f"{c.untuned:,.1f}",
                    f"{c.tuned:,.1f}",
                    f"{c.untuned_stall:.0%}",
                    f"{c.stall:.0%}",
                    Cell(c.words, "good" if c.worth_it else "idle"),
                )
                for c in found.chosen
            ],
            caption="Batches a second, share of the time the trainer waits, and what was chosen",
            numbers=range(1, 5),
        )
    )
if found.steps:
    parts.section("How it got there", "Throughput after each decision, and the workers that were set.")
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
SECTIONS = (
    (
        found.live,
        "On the real pipeline",
        "q: share of the best allocation that was measured, each tuner alone and in turns.",
    ),
    (
        found.replayed,
        "Replayed",
        "q: share of the best allocation that was measured; readings are those measurements, with noise.",
    ),
    (found.contests, "Simulated pipelines", "q: share of the best possible throughput, of pipelines no tuner saw."),
)
for tables, title, said in SECTIONS:
    for name, rows in tables.items():
        heading = f"{title}: {name.replace(': ', ', ')}"
        parts.section(heading, said)
        best = rows[0]
        parts.chart(
            contest_figure(rows, theme=theme),
            alt=f"The best of {len(rows)} tuners is {best['tuner']} with q {best['q']:.3f}; whiskers: 95 % interval of "
            "the difference to DS2-style control.",
            key=f"{title}-{name}",
        )
        columns = [c for c in facts.COLUMNS if any(c in row for row in rows)]
        parts.show(
            table(
                [facts.HEADINGS.get(c, c) for c in columns],
                [[facts.cell(c, row.get(c)) for c in columns] for row in rows],
                caption=f"{heading}; the best first, differences against DS2-style control",
                numbers=range(1, len(columns)),
                wide=True,
            )
        )
