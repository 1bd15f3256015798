"""Get Recommendations: for a known user, or for somebody new who rates ten movies; and why."""

import streamlit as st

from recsys_assets.serving.api.schemas.requests import RatingIn, RecommendIn
from recsys_assets.serving.app import asking, parts
from recsys_assets.serving.app.facts.dataset import choices
from recsys_assets.serving.app.facts.people import shares
from recsys_assets.serving.app.figures.basic import lying
from recsys_assets.serving.app.markup import table
from recsys_assets.serving.app.rating import ratings_of_visitor
from recsys_assets.serving.app.store import read, settings, stamp
from recsys_assets.serving.client import ApiError

deployed = settings()
parts.heading(
    "Get Recommendations", "For somebody we know, or for you after a few ratings; nothing is retrained for it."
)

whom = st.segmented_control("Whom for", ["A known user", "Somebody new"], default="A known user", required=True)
known = whom == "A known user"
left, right = st.columns(2)
with left:
    user = asking.choose_user(key="recommend-user") if known else None
with right:
    model = asking.choose_model(key="recommend-model")
with st.expander("What the list should be like"):
    a, b = st.columns(2)
    k = a.slider("Movies", 5, 50, 10)
    diversity = b.slider("Diversity", 0.0, 0.9, 0.0, 0.1, help="0: by score alone; more: unlike one another in genres.")
    at = stamp(deployed.lake_dir / "snapshot.json")
    offered = read(choices, deployed, at=at)
    genres = a.multiselect("Only these genres", offered.genres, max_selections=20)
    years = b.slider("Years", *offered.years, offered.years)

wish = RecommendIn(
    user_id=user,
    k=k,
    model=model,
    genres=genres,
    diversity=diversity,
    **offered.asked(years),
)
if not known:
    rated = ratings_of_visitor()
    wish = wish.model_copy(update={"ratings": [RatingIn(movie_id=m, rating=stars) for m, stars in rated.items()]})
    if not rated:
        parts.note("Rate a movie to get a list of your own; until then this is what most people rate well.")

with asking.answers() as api:
    answer = api.recommend(wish)
parts.section(f"{len(answer.movies)} movies" + (f" for user {user}" if known else " for you"))
asking.show_list(answer, label="Recommended movies, the best first")
asking.explain_one(answer.movies, key="recommend")

if user is not None:
    parts.section("What this person watched", "Their genres beside those of the list, and what they rated last.")
    try:
        profile, history = api.profile(user), api.history(user, 10)
    except ApiError as error:
        parts.note(str(error))
    else:
        genres_shown, values = shares(profile)
        parts.chart(
            lying(
                genres_shown,
                values,
                theme=parts.theme(),
                x="share of ratings, and of the list, %",
                hover="%{y}: %{x:.0f} %<extra></extra>",
            ),
            alt=f"Watched most: {', '.join(genres_shown[:3])}. List and history overlap by {profile.overlap:.0%}.",
            key="profile",
            columns=("genre", "% watched", "% of the list"),
            rows=[(g, *(f"{v[i]:.0f}" for v in values.values())) for i, g in enumerate(genres_shown)],
        )
        parts.show(
            table(
                ("movie", "stars", "when", "genres"),
                [(m.title, f"{m.rating:g}", f"{m.rated_at:%Y-%m-%d}", ", ".join(m.genres)) for m in history.ratings],
                caption=f"The last of {history.total:,} ratings",
                numbers=(1,),
            )
        )
