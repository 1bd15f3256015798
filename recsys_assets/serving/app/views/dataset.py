"""Dataset Analytics: ratings over time, genres, the long tail, what is known of movies, checks, and a search."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import dataset as facts
from recsys_assets.serving.app.facts.quality import quality
from recsys_assets.serving.app.figures import dataset as figures
from recsys_assets.serving.app.figures.basic import bars, lying
from recsys_assets.serving.app.markup import Cell, table
from recsys_assets.serving.app.store import read, settings, stamp

deployed, theme = settings(), parts.theme()
parts.heading("Dataset Analytics", "What the published ratings and the joined catalogue hold.")

at = stamp(deployed.lake_dir / "snapshot.json")
found = read(facts.analytics, deployed, at=at)
if found is None:
    parts.empty(f"Nothing is published for {deployed.dataset} yet", f"recsys materialize -d {deployed.dataset}")
    st.stop()

parts.section("Ratings over time")
months = found.by_month
parts.chart(
    figures.over_time(months, theme=theme),
    alt=f"Ratings of {len(months)} months, from {months['month'][0]:%Y-%m} to {months['month'][-1]:%Y-%m}; "
    f"at most {max(months['ratings'].to_list()):,} in one.",
    key="over_time",
    columns=("month", "ratings", "mean"),
    rows=[(f"{m:%Y-%m}", f"{n:,}", f"{mean:.2f}") for m, n, mean in months.iter_rows()],
)

left, right = st.columns(2)
with left:
    parts.section("Stars")
    stars = found.stars
    parts.chart(
        bars([f"{s:g}" for s in stars["rating"]], stars["ratings"].to_list(), theme=theme, x="stars", y="ratings"),
        alt=f"How often each rating was given; most often {stars.sort('ratings')['rating'][-1]:g} stars.",
        key="stars",
        columns=("stars", "ratings"),
        rows=[(f"{s:g}", f"{n:,}") for s, n in stars.iter_rows()],
    )
with right:
    parts.section("How much people rate")
    parts.chart(
        bars(
            found.activity["group"].to_list(),
            found.activity["users"].to_list(),
            theme=theme,
            x="ratings given",
            y="people",
        ),
        alt="People by the number of movies they rated.",
        key="activity",
        columns=("ratings given", "people"),
        rows=[(g, f"{n:,}") for g, n in found.activity.iter_rows()],
    )

parts.section("Genres", "How many movies a genre has, how well they are rated, and (the bubble's size) how often.")
parts.chart(
    figures.genre_map(found.genres, theme=theme),
    alt=f"{len(found.genres)} genres; the most rated is {found.genres['genre'][0]}.",
    key="genres",
    columns=("genre", "movies", "ratings", "mean"),
    rows=[
        (g, f"{m:,}", f"{n:,}", "–" if mean is None else f"{mean:.2f}") for g, m, n, mean in found.genres.iter_rows()
    ],
)

left, right = st.columns(2)
with left:
    parts.section("The long tail")
    parts.chart(
        figures.long_tail(found.tail, found.half, theme=theme),
        alt=f"{found.half:.1%} of the rated movies have half of all ratings.",
        key="tail",
    )
with right:
    parts.section("Decades")
    parts.chart(
        figures.decades_figure(found.decades, theme=theme),
        alt="Movies by the decade they are from.",
        key="decades",
        columns=("decade", "movies", "ratings", "mean"),
        rows=[
            (f"{d}s", f"{m:,}", f"{n:,}", "–" if a is None else f"{a:.2f}") for d, m, n, a in found.decades.iter_rows()
        ],
    )

parts.section("What is known of a movie", "Share of the catalogue that has each fact, from all sources joined.")
known = dict(sorted(found.coverage.items(), key=lambda item: -item[1]))
parts.chart(
    lying(
        list(known),
        {"share": [100 * v for v in known.values()]},
        theme=theme,
        x="% of the movies",
        hover="%{y}: %{x:.1f} %<extra></extra>",
    ),
    alt=", ".join(f"{name} {share:.0%}" for name, share in known.items()),
    key="coverage",
)

parts.section("Quality")
judged = read(quality, deployed, at=stamp(deployed.quality_dir / deployed.dataset / "runs"))
if judged is None:
    parts.empty("No table was checked yet", f"recsys materialize -d {deployed.dataset}")
else:
    parts.show(
        table(
            ("checked", "verdict", "rules", "rows in quarantine"),
            [
                (
                    f"{judged.checked_at} UTC",
                    Cell(judged.verdict, judged.tone),
                    f"{judged.rules}",
                    f"{judged.quarantined:,}",
                )
            ],
            caption="The newest checks of all tables",
        )
    )
    st.page_link("views/data_quality.py", label="Every rule and its history", icon=":material/verified:")

parts.section("Search")
words, genres = st.columns(2)
text = words.text_input("Title holds", max_chars=100, placeholder="star wars")
of = genres.multiselect("Of all these genres", sorted(found.genres["genre"]))
movies = read(facts.find_movies, deployed, text.strip(), tuple(of), at=at)
parts.show(
    table(
        ("title", "year", "genres", "ratings", "mean"),
        [
            (
                m["title"],
                m["year"] or "–",
                ", ".join(m["genres"] or ()),
                f"{m['ratings']:,}",
                "–" if m["mean"] is None else f"{m['mean']:.2f}",
            )
            for m in movies.iter_rows(named=True)
        ],
        caption=f"The {len(movies)} most rated movies found" if len(movies) else "No movie is called that",
        numbers=(1, 3, 4),
    )
)
