"""Hybrid Recommender: one slider from what people like you watched to what the movies themselves are."""

import streamlit as st

from recsys_assets.serving.app import asking, parts
from recsys_assets.serving.app.facts import hybrid as facts
from recsys_assets.serving.app.facts.lists import moves
from recsys_assets.serving.app.figures.lists import path_figure
from recsys_assets.serving.app.store import lately, settings

deployed = settings()
parts.heading("Hybrid Recommender", "Blend an agent's Q values or a factorization with content, and see the list move.")

models = facts.blendable(asking.models())
if not models:
    parts.empty("There is no content model to blend with", f"recsys materialize -d {deployed.dataset} content_champion")
    st.stop()

left, middle, right = st.columns(3)
with left:
    user = asking.choose_user(key="hybrid-user")
model = middle.selectbox("Blend content with", models)
k = right.slider("Movies", 5, 30, 10)
alpha = st.slider("Weight of content (alpha)", 0.0, 1.0, 0.3, 0.05, help="0: the model alone. 1: content alone.")
parts.note(
    f"score = {1 - alpha:.2f} · z({model}) + {alpha:.2f} · z(content); z has mean 0 and deviation 1 over all movies."
)

with asking.answers() as api:
    answer = facts.blended(api, user, model=model, alpha=alpha, k=k)
    alone = facts.blended(api, user, model=model, alpha=0.0, k=k)
marks = {movie: move.words for movie, move in moves(alone, answer).items()} if alpha else {}
parts.section("The blended list", f"Marked: how far a movie moved from {model}'s own list." if alpha else "")
asking.show_list(answer, label="The blended list, the best first", marks=marks, reasons=2)

parts.section("From one end to the other", f"How much of the list {model} alone, and content alone, would show too.")
with asking.answers() as api:
    path = lately(lambda *_: facts.path(api, user, model=model, k=k), user, model, k)
parts.chart(
    path_figure(path, model=model, alpha=alpha, theme=parts.theme()),
    alt=f"With more weight of content the list leaves {model}'s and nears content's.",
    key="path",
    columns=("weight of content", f"% in {model}'s list", "% in content's list"),
    rows=[
        (f"{a:.1f}", f"{100 * m:.0f}", f"{100 * c:.0f}")
        for a, m, c in zip(path.alphas, path.with_model, path.with_content, strict=True)
    ],
)
asking.explain_one(answer.movies, key="hybrid")
