"""Widgets by which pages ask the API: whom for, by which model; and what stands there when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import streamlit as st

from recsys_assets.serving.api.schemas.lists import ListAnswer, ListedMovie
from recsys_assets.serving.app import aloud, parts
from recsys_assets.serving.app.facts.lists import change_in_words, ids_of, lines_of, told_by
from recsys_assets.serving.app.facts.people import Known, parsed, people
from recsys_assets.serving.app.figures.lists import summands_figure
from recsys_assets.serving.app.markup import ordered
from recsys_assets.serving.app.store import lately, read, settings, stamp
from recsys_assets.serving.client import ApiDownError, ApiError, Client

CHAMPION = "the champion"


@st.cache_resource
def api() -> Client:
    deployed = settings()
    return Client(deployed.api_url, key=deployed.api_key.get_secret_value() if deployed.api_key else None)


@contextmanager
def answers() -> Iterator[Client]:
    """The API; where it does not answer, the page says what to run and ends."""
    try:
        yield api()
    except ApiDownError as error:
        parts.empty("The recommendation API does not answer", f"recsys serve -d {settings().dataset}", why=str(error))
        st.stop()
    except ApiError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            why = "Make a key where the API runs, and start the app with it in RECSYS_API_KEY."
            parts.empty(
                "The recommendation API asks for a key", f"recsys keys add app -d {settings().dataset}", why=why
            )
        else:
            st.error(parts.as_text(error), icon=":material/error:")
        st.stop()


def models() -> list[str]:
    """That can be asked; the API says so."""
    with answers() as asked:
        found = [line.model for line in lately(_models, asked).champions]
    if not found:
        parts.empty("No model was promoted yet", f"recsys materialize -d {settings().dataset}")
        st.stop()
    return found


def choose_model(label: str = "Model", *, key: str) -> str | None:
    """None: whoever is the champion."""
    chosen = st.selectbox(label, [CHAMPION, *models()], key=key)
    return None if chosen == CHAMPION else chosen


def choose_user(label: str = "User", *, key: str) -> int:
    """Somebody from the list, or an id that is typed."""
    deployed = settings()
    offered: list[Known] = read(people, deployed, at=stamp(deployed.lake_dir / "ratings" / "manifest.json"))
    if not offered:
        parts.empty(f"Nothing is published for {deployed.dataset} yet", f"recsys materialize -d {deployed.dataset}")
        st.stop()
    chosen = st.selectbox(
        label,
        offered,
        format_func=str,
        key=key,
        accept_new_options=True,
        help="Choose, or type any id; somebody unknown gets what most people rate well.",
    )
    user = parsed(chosen)
    if user is None:
        st.error("An id is a whole number from 1 on.", icon=":material/error:")
        st.stop()
    return user


def show_list(answer: ListAnswer, *, label: str, marks: dict[int, str] | None = None, reasons: int = 3) -> None:
    """The list, who made it, and what to know of it."""
    if answer.fallback is not None:
        st.info(parts.as_text(answer.fallback.why), icon=":material/info:")
    for line in answer.notes:
        st.info(parts.as_text(line), icon=":material/info:")
    if said := change_in_words(aloud.replaced(label, ids_of(answer)), answer.movies):
        aloud.say(said)
    if not answer.movies:
        parts.note("No movie is left that fits; widen the genres or the years.")
        return
    parts.show(ordered(lines_of(answer.movies, marks=marks, reasons=reasons), label=label))
    parts.note(told_by(answer))


def explain_one(movies: Sequence[ListedMovie], *, key: str) -> None:
    """All reasons of a movie, as the summands that they are."""
    having = [movie for movie in movies if movie.reasons]
    if not having:
        return
    parts.section("Why", "A score is the sum of its reasons.")
    movie = st.selectbox("Movie", having, format_func=lambda m: m.title, key=f"{key}-why")
    parts.chart(
        summands_figure(
            [r.text for r in movie.reasons],
            [r.contribution for r in movie.reasons],
            total=movie.score,
            theme=parts.theme(),
        ),
        alt=f"{movie.title} scores {movie.score:.3f}: "
        + "; ".join(f"{r.text} {r.contribution:+.3f}" for r in movie.reasons),
        key=f"{key}-why-{movie.movie_id}",
        columns=("reason", "adds"),
        rows=[(r.text, f"{r.contribution:+.4f}") for r in movie.reasons],
    )


def _models(asked: Client):  # type: ignore[no-untyped-def]
    return asked.models()
