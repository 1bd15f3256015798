"""Pipeline: the asset graph's stages with their live state, links into Dagster, and the version chain from files."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import lineage
from recsys_assets.serving.app.facts import pipeline as facts
from recsys_assets.serving.app.figures.pipeline import stages_figure
from recsys_assets.serving.app.markup import Cell, table, tiles
from recsys_assets.serving.app.store import lately, settings
from recsys_assets.serving.app.when import ago, lasted

deployed = settings()
parts.heading("Pipeline", "From published files to the model that answers: what is up to date, and what ran last.")

address = deployed.dagster_public_url or deployed.dagster_url
try:
    graph = lately(facts.graph, deployed.dagster_url)
except facts.NoDagsterError as error:
    parts.empty("Dagster does not answer, so the live state is not known", "make dev", why=str(error))
else:
    fresh = sum(a.state == "fresh" for a in graph.assets)
    last = graph.runs[0] if graph.runs else None
    checks = sum(a.checks for a in graph.assets)
    parts.show(
        tiles(
            [
                ("Assets", f"{len(graph.assets)}", f"in {len(graph.stages)} stages; {fresh} up to date"),
                ("Checks", f"{checks}", f"{sum(len(a.failed_checks) for a in graph.assets)} failed on what is there"),
                (
                    "Last run",
                    last.status.lower() if last else "none",
                    f"{last.job}, {ago(last.started_at)}" if last else "make dev",
                ),
            ]
        )
    )
    st.link_button("Open Dagster", address, icon=":material/open_in_new:")
    parts.section("Stages", "● up to date · ◐ something above it is newer · ○ never materialized · ✕ a check failed")
    parts.chart(
        stages_figure(graph.stages, theme=parts.theme()),
        alt="; ".join(f"{s.name}: {s.words}" for s in graph.stages),
        key="stages",
        columns=("stage", "reads", "state"),
        rows=[(s.name, ", ".join(s.needs) or "published files", s.words) for s in graph.stages],
    )
    parts.section("Assets of a stage")
    stage = st.selectbox("Stage", graph.stages, format_func=lambda s: f"{s.name} ({len(s.assets)})")
    parts.show(
        table(
            ("asset", "state", "materialized", "checks", "what it is"),
            [
                (
                    Cell(a.name, href=a.page(address)),
                    Cell(facts.WORDS[a.state], facts.TONES[a.state]),
                    ago(a.materialized_at),
                    f"{len(a.failed_checks)} of {a.checks} failed" if a.failed_checks else f"{a.checks}",
                    Cell(a.description, ours=True),
                )
                for a in stage.assets
            ],
            caption=f"Assets of {stage.name}; each name opens it in Dagster",
        )
    )
    parts.section("Runs")
    parts.show(
        table(
            ("run", "what", "state", "began", "took"),
            [
                (
                    Cell(r.run_id[:8], href=r.page(address)),
                    r.job,
                    Cell(r.status.lower(), r.tone),
                    ago(r.started_at),
                    lasted(r.seconds),
                )
                for r in graph.runs
            ],
            caption=f"The last {len(graph.runs)} runs, newest first",
        )
    )

parts.section("Version chain", "Read from published files: any list that is served can be traced to its ratings.")
links = lately(lineage.chain, deployed)
if links:
    parts.show(
        table(
            ("published", "version", "rows", "when", "how"),
            [
                (k.what, k.version[:8], "" if k.rows is None else f"{k.rows:,}", ago(k.published_at), k.note)
                for k in links
            ],
            caption="Tables in the lake, and the champion that answers",
            numbers=(2,),
        )
    )
else:
    parts.empty(f"Nothing is published for {deployed.dataset} yet", f"recsys materialize -d {deployed.dataset}")
