"""Genre Explorer: the best movies of any genres, for everybody or for one person, and how genres go together."""

import streamlit as st

from recsys_assets.serving.api.schemas.requests import RecommendIn
from recsys_assets.serving.app import asking, parts
from recsys_assets.serving.app.facts import dataset as facts
from recsys_assets.serving.app.figures.dataset import genre_map
from recsys_assets.serving.app.figures.lists import together_figure
from recsys_assets.serving.app.markup import Cell, table
from recsys_assets.serving.app.store import read, settings, stamp

deployed, theme = settings(), parts.theme()
parts.heading("Genre Explorer", "Choose genres; every movie of the list is of one of them at least.")

at = stamp(deployed.lake_dir / "snapshot.json")
found = read(facts.analytics, deployed, at=at)
if found is None:
    parts.empty(f"Nothing is published for {deployed.dataset} yet", f"recsys materialize -d {deployed.dataset}")
    st.stop()

names = sorted(found.genres["genre"])
genres = st.multiselect("Genres", names, default=found.genres["genre"].to_list()[:1], max_selections=20)
left, middle, right = st.columns(3)
k = left.slider("Movies", 5, 30, 10)
offered = read(facts.choices, deployed, at=at)
years = middle.slider("Years", *offered.years, offered.years)
whom = right.segmented_control("Whom for", ["Everybody", "A known user"], default="Everybody", required=True)
span = offered.asked(years)

if whom == "Everybody":
    with asking.answers() as api:
        answer = api.popular(k, genres=genres, **span)
else:
    user = asking.choose_user(key="genres-user")
    with asking.answers() as api:
        answer = api.recommend(RecommendIn(user_id=user, k=k, genres=genres, **span))
parts.section("The best of " + (", ".join(genres) if genres else "all genres"))
asking.show_list(answer, label="Movies of these genres, the best first", reasons=1)

parts.section("Genres of this data set", "How many movies, how well they are rated, and (the size) how often.")
parts.chart(
    genre_map(found.genres, theme=theme, chosen=tuple(genres)),
    alt=f"{len(names)} genres; chosen: {', '.join(genres) or 'none'}. The figures are in the table below.",
    key="genre-map",
)
most = max([*found.genres["ratings"].to_list(), 1])
parts.show(
    table(
        ("genre", "movies", "ratings", "mean"),
        [
            (g, f"{m:,}", Cell(f"{n:,}", bar=n / most), "–" if mean is None else f"{mean:.2f}")
            for g, m, n, mean in found.genres.iter_rows()
        ],
        caption="All genres, the most rated first",
        numbers=(1, 2, 3),
    )
)

pairs = read(facts.together, deployed, at=at)
if pairs is not None and len(pairs) > 1:
    parts.section("Which genres go together", "Share of the row's movies that are of the column's genre too.")
    parts.chart(
        together_figure(pairs, theme=theme),
        alt="A heat map of genres: how often two are of the same movie.",
        key="together",
        columns=("genre", *(f"% {name}" for name in pairs["genre"])),
        rows=[
            (genre, *("–" if s is None else f"{100 * s:.0f}" for s in shares)) for genre, *shares in pairs.iter_rows()
        ],
    )
