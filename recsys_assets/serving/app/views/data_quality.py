"""Data Quality: verdicts, every rule with what was found, its history, and where the whole site is."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import quality as facts
from recsys_assets.serving.app.figures.quality import history_figure, spread_figure
from recsys_assets.serving.app.markup import table, tiles
from recsys_assets.serving.app.store import read, settings, stamp

deployed, theme = settings(), parts.theme()
parts.heading("Data Quality", "What every run demanded of every table, and what it found.")

judged = read(facts.quality, deployed, at=stamp(deployed.quality_dir / deployed.dataset / "runs"))
if judged is None:
    parts.empty(f"No table of {deployed.dataset} was checked yet", f"recsys materialize -d {deployed.dataset}")
    st.stop()

parts.show(
    tiles(
        [
            ("Verdict", judged.verdict, f"newest run {judged.checked_at} UTC"),
            ("Rules", f"{judged.rules}", f"on {len(judged.tables)} tables with rows"),
            ("In quarantine", f"{judged.quarantined:,}", "rows; `recsys quarantine show` tells file and line"),
            ("Runs kept", f"{judged.runs}", "with samples and distributions"),
        ]
    )
)
for line in judged.damaged:
    st.warning(parts.as_text(line))

parts.section("Tables")
parts.show(
    table(facts.COLUMNS, facts.overview(judged.tables), caption="Newest verdict of each table", numbers=(2, 3, 4))
)

parts.section("Rules")
names = [t.table.name for t in judged.tables]
chosen = st.selectbox("Table", names, index=names.index("ratings") if "ratings" in names else 0)
one = judged.table(chosen)
parts.note(one.table.description)
parts.show(
    table(("rule", "what it demands", "allowed", "found", "verdict"), facts.rules(one), caption=f"Rules of {chosen}")
)

if one.report.distributions:
    parts.section(
        "Distributions", "Of this run and, where there was one, the run before, with the shift between them (PSI)."
    )
    for row in facts.rows_of_pictures(one.report.distributions):
        for column, spread in zip(st.columns(len(row)), row, strict=True):
            with column:
                shift = "" if spread.psi is None else f" (PSI {spread.psi:.3f})"
                st.markdown(f"**{parts.as_text(spread.title + shift)}**")
                parts.chart(
                    spread_figure(spread, theme=theme), alt=facts.told(spread), key=f"spread-{chosen}-{spread.name}"
                )

parts.section("History", "What a rule found, run after run.")
rule = st.selectbox("Rule", list(one.history))
points = one.history[rule]
if len(points) < 2:
    parts.note(f"One run so far ({''.join(p.told for p in points)}); from the second on this is a line.")
else:
    parts.chart(
        history_figure(points, theme=theme),
        alt=f"What {rule} found: {'; '.join(p.told for p in points)}",
        key="history",
    )

parts.section("The whole site")
if judged.site is None:
    parts.empty("The site was not written yet", f"recsys quality open -d {deployed.dataset}")
else:
    parts.note(
        "Pages for every table and run, with samples of broken rows and lineage, to read offline: "
        f"`recsys quality open {chosen} -d {deployed.dataset}` opens `{facts.page_of(deployed, chosen)}`."
    )
