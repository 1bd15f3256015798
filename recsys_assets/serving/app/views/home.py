"""Home: what runs, who answers, and the data in figures."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.contents import GROUPS
from recsys_assets.serving.app.facts import overview, services
from recsys_assets.serving.app.markup import Cell, plain, steps, table, tiles
from recsys_assets.serving.app.store import lately, read, settings, stamp

STEPS = (
    ("Fetch and check", "Ratings and movie facts are read, every rule is checked, bad rows are put aside."),
    ("Train and compare", "Every model learns from the same frozen part and is ranked on the rest."),
    ("Promote", "A new version answers only if it beats the one before on people neither has seen."),
    ("Answer and learn", "What people like, skip or say comes back, and the agents learn from it."),
)

deployed = settings()
parts.heading(
    "Movie recommendations", "Data, models and what people say of them, from one pipeline that runs every night."
)

data = read(overview.data_facts, deployed, at=stamp(deployed.lake_dir / "snapshot.json"))
serving = lately(overview.serving, deployed)
if data is None:
    parts.empty(f"Nothing is published for {deployed.dataset} yet", f"recsys materialize -d {deployed.dataset}")
else:
    parts.show(
        tiles(
            [
                ("Movies", f"{data.movies:,}", f"{data.rated_movies:,} of them rated"),
                ("Ratings", f"{data.ratings:,}", f"by {data.users:,} people, {data.density:.1%} of all pairs"),
                ("Mean rating", f"{data.mean_rating:.2f}", f"stars of 5, {data.first:%Y} to {data.last:%Y}"),
                ("Feedback taken", *lately(overview.feedback_in_words, deployed)),
            ]
        )
    )

parts.show(steps(STEPS))

parts.section("Who answers")
if serving is None:
    parts.empty("No model was promoted yet", f"recsys materialize -d {deployed.dataset}")
else:
    parts.show(
        tiles(
            [
                ("Champion", serving.model, f"version {serving.champion.version}, {serving.why}"),
                ("Parameters", f"{serving.champion.parameters:,}", f"{serving.champion.bytes / 1e6:,.1f} MB on disk"),
                (
                    "Fitted on data",
                    serving.champion.data_version[:8],
                    "the version published last" if serving.current else "older than what is published",
                ),
                ("Models that can answer", f"{serving.champions}", "all scored on the same splits"),
            ]
        )
    )

parts.section("What runs")
parts.show(
    table(
        ("service", "state", "address", "start it with"),
        [
            (s.name, Cell(s.words, s.tone), Cell(s.address, href=s.page) if s.up else s.address, s.command)
            for s in lately(services.services, deployed)
        ],
        caption="Services beside this app; pages that need one say so",
    )
)

parts.section("Pages")
for group, pages in GROUPS.items():
    others = [page for page in pages if not page.default]
    st.markdown(f"**{group}**")
    for column, page in zip(st.columns(len(others)), others, strict=True):
        with column:
            st.page_link(f"views/{page.file}.py", label=page.title, icon=page.icon)
            parts.show(f'<p class="rx-about">{plain(page.about)}</p>')
