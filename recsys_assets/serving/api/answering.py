"""From a person and a wish to a list: who answers, scores, filters, the choice, and the reasons.

The model works in a thread with a deadline. Where it has the list in time but not all reasons, the list goes out and
says so; where it has nothing, the weighted rating answers (`fallback`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys_assets.recommenders import Reason, Route
from recsys_assets.recommenders.data import FloatArray, IntArray
from recsys_assets.recommenders.evidence import evidence_in
from recsys_assets.recommenders.once import one_history
from recsys_assets.recommenders.ranking import top_k
from recsys_assets.serving.answers import evidence_in_words
from recsys_assets.serving.api import fallback as rule
from recsys_assets.serving.api.asks import Person, Wish
from recsys_assets.serving.api.choosing import CANDIDATES, Chance, choose
from recsys_assets.serving.api.deadline import TooBusyError, TooLateError
from recsys_assets.serving.api.fallback import Fallback
from recsys_assets.serving.api.schemas.lists import AnsweredBy, ListedMovie, ReasonOut
from recsys_assets.serving.api.scoring import Scores, fallback_scores, score
from recsys_assets.serving.api.served import Served

if TYPE_CHECKING:
    from recsys_assets.serving.api.service import Service

log = logging.getLogger("recsys.api")
REASONS_SHOWN = 5
DEADLINE_SHARE = 0.8
"""Of the deadline: after it no further reason is begun."""


@dataclass
class Draft:
    """What a scoring thread has found so far; whoever waited too long takes what is there."""

    scores: Scores | None = None
    movies: list[ListedMovie] = field(default_factory=list)
    explained: int = 0


@dataclass(frozen=True)
class Answer:
    """A list, and all that is said of it."""

    served: Served
    policy: str
    fallback: Fallback | None
    route: Route
    movies: list[ListedMovie]
    notes: list[str]
    ignored: list[int]

    def fields(self, request_id: str, dataset: str) -> dict[str, Any]:
        """Of `ListAnswer`."""
        return {
            "request_id": request_id,
            "dataset": dataset,
            "model": self.served.model,
            "model_version": self.served.name,
            "data_version": self.served.data_version,
            "policy": self.policy,
            "fallback": self.fallback,
            "answered_by": AnsweredBy(part=self.route.part, why=self.route.why),
            "ignored_movies": self.ignored,
            "notes": self.notes,
            "movies": self.movies,
        }


def recommend(service: Service, person: Person, wish: Wish, *, model: str | None, request_id: str) -> Answer:
    """The list for `person`. Raises NoChampionError where no champion can answer at all."""
    served, missing = service.champion(model)
    content = service.content() if wish.alpha is not None and served.model != "content" else None
    chance = Chance(service.rng(request_id), service.config.first_share) if wish.policy == "stochastic" else None
    until = time.monotonic() + DEADLINE_SHARE * service.config.deadline_seconds

    def by(scored: Scores, draft: Draft) -> None:
        draft.scores = scored
        draft.movies = listed(served, scored, person, wish, chance)
        if wish.explain:
            add_reasons(scored, served, draft, until=until)

    def work(draft: Draft) -> None:
        by(score(served, person, alpha=wish.alpha, content=content), draft)

    draft, failed = in_time(service, served, work)
    if failed is not None:
        draft = Draft()
        by(fallback_scores(served, person), draft)
    return finished(served, person, wish, draft, failed or missing, slow=failed is not None)


def in_time(service: Service, served: Served, work: Callable[[Draft], None]) -> tuple[Draft, Fallback | None]:
    """Run `work` with the service's deadline; what it drafted, or why there is nothing."""
    draft, seconds = Draft(), service.config.deadline_seconds
    started = time.perf_counter()
    failed = None
    try:
        service.deadlines.within(seconds, lambda: work(draft))
    except TooLateError:
        if not draft.movies:
            failed = rule.model_slow(served.model, seconds)
        else:
            draft = replace(draft, movies=list(draft.movies))
    except TooBusyError:
        failed = rule.model_busy(served.model)
    except Exception:  # whatever a model does, people get a list
        log.exception("model failed", extra={"model": served.name})
        failed = rule.model_failed(served.model)
    service.metrics.scored(served.model, time.perf_counter() - started, failed.kind if failed else "")
    return draft, failed


def listed(served: Served, scored: Scores, person: Person, wish: Wish, chance: Chance | None) -> list[ListedMovie]:
    """Filters, then the choice among the best."""
    values = masked(served, scored, person, wish)
    wanted = max(wish.k, CANDIDATES) if chance or wish.diversity else wish.k
    columns, best = (found[0] for found in top_k(values[None], min(wanted, len(values))))
    there = columns >= 0
    columns, best = columns[there], best[there]
    directions = served.shelf.directions[columns] if wish.diversity else None
    chosen = choose(best, wish.k, directions=directions, diversity=wish.diversity, chance=chance)
    return places(served, columns[chosen.places], best[chosen.places], chosen.propensities.tolist())


def masked(served: Served, scored: Scores, person: Person, wish: Wish) -> FloatArray:
    """Scores with what must not be shown at -inf."""
    values = scored.values.copy()
    shelf = served.shelf
    if not wish.include_seen:
        row = served.recommender.users.index(np.array([person.user_id or -1]))
        values[served.recommender.histories.take(row).movies] = -np.inf
        values[scored.standing.history.movies] = -np.inf
        hide(values, shelf.columns(rated.movie_id for rated in person.ratings))
    hide(values, shelf.columns(person.hidden))
    mask = shelf.within(person.genres, year_from=wish.year_from, year_to=wish.year_to)
    if mask is not None:
        values[~mask] = -np.inf
    return values


def hide(values: FloatArray, columns: IntArray) -> None:
    values[columns[columns >= 0]] = -np.inf


def places(served: Served, columns: IntArray, scores: FloatArray, propensities: Iterable[float]) -> list[ListedMovie]:
    shelf = served.shelf
    ids = shelf.movies.values[columns].tolist()
    return [
        ListedMovie.model_construct(
            movie_id=movie,
            title=shelf.titles[column],
            year=shelf.year_of(column),
            genres=shelf.genres_of(column),
            position=place,
            score=value,
            propensity=chance,
            reasons=[],
            evidence=[],
        )
        for place, (column, movie, value, chance) in enumerate(
            zip(columns.tolist(), ids, scores.tolist(), propensities, strict=True)
        )
    ]


def add_reasons(scored: Scores, served: Served, draft: Draft, *, until: float) -> None:
    """Reasons of each movie of the draft in turn, until there is no time left."""
    with one_history():
        for movie in draft.movies:
            if time.monotonic() > until:
                return
            column = int(served.shelf.columns([movie.movie_id])[0])
            found = sorted(scored.reasons(column), key=lambda reason: -abs(reason.contribution))
            movie.reasons = shown_reasons(found)
            if scored.standing.n_ratings and not any(r.kind == "history" for r in movie.reasons):
                own = evidence_in(scored.recommender, scored.standing.history, movie.movie_id)
                movie.evidence = list(evidence_in_words(own))
            draft.explained += 1


def shown_reasons(reasons: list[Reason]) -> list[ReasonOut]:
    """The largest, and all others as one: contributions still add up to the score."""
    finite = [reason for reason in reasons if np.isfinite(reason.contribution)]
    found = [_out(reason) for reason in finite[:REASONS_SHOWN]]
    if rest := finite[REASONS_SHOWN:]:
        total = sum(reason.contribution for reason in rest)
        found.append(ReasonOut(kind="part", text=f"{len(rest)} smaller reasons", contribution=total))
    return found


def _out(reason: Reason) -> ReasonOut:
    of_theirs = reason.kind == "history" and reason.rating is not None
    text = f"you gave {reason.label} {reason.rating:g}" if of_theirs else reason.label
    return ReasonOut.model_construct(
        kind=reason.kind,
        text=text,
        contribution=float(reason.contribution),
        movie_id=reason.movie_id,
        rating=reason.rating,
    )


def finished(
    served: Served, person: Person, wish: Wish, draft: Draft, failed: Fallback | None, *, slow: bool
) -> Answer:
    assert draft.scores is not None
    standing = draft.scores.standing
    if slow and failed is not None:
        route = Route("popularity", failed.why)
    else:
        route = draft.scores.recommender.route(standing.n_ratings, genres=person.genres)
    told = failed
    if not slow and told is None and not standing.n_ratings:
        told = rule.cold_user(person.genres)
    notes = []
    if wish.explain and (left := len(draft.movies) - draft.explained) > 0:
        notes.append(f"reasons of {left} {'movie was' if left == 1 else 'movies were'} left out: they took too long")
    brought = {rated.movie_id for rated in person.ratings}
    columns = served.shelf.columns(sorted(brought))
    ignored = [movie for movie, column in zip(sorted(brought), columns, strict=True) if column < 0]
    return Answer(served, "fallback" if slow else wish.policy, told, route, draft.movies, notes, ignored)


def rank(service: Service, person: Person, movies: list[int], *, explain: bool, model: str | None) -> Answer:
    """All of `movies` (known ids) in the order of the model's scores; seen ones too."""
    served, missing = service.champion(model)
    until = time.monotonic() + DEADLINE_SHARE * service.config.deadline_seconds
    columns = np.unique(served.shelf.columns(movies))
    columns = columns[columns >= 0]

    def by(scored: Scores, draft: Draft) -> None:
        values = scored.values[columns]
        finite = np.isfinite(values)
        order = np.argsort(-values[finite], kind="stable")
        best = columns[finite][order]
        draft.scores, draft.movies = scored, places(served, best, scored.values[best], np.ones(len(best)).tolist())
        if explain:
            add_reasons(scored, served, draft, until=until)

    draft, failed = in_time(
        service, served, lambda draft: by(score(served, replace(person, genres=()), alpha=None, content=None), draft)
    )
    if failed is not None:
        draft = Draft()
        by(fallback_scores(served, person), draft)
    return finished(served, person, Wish(explain=explain), draft, failed or missing, slow=failed is not None)


def popular(service: Service, person: Person, wish: Wish) -> Answer:
    """The weighted rating of the default champion's data."""
    served = service.champions.default
    newcomers = served.recommender.newcomers
    scored = replace(
        fallback_scores(served, person),
        values=newcomers.within(person.genres),
        reasons=lambda column: newcomers.reasons(column, person.genres),
    )
    draft = Draft(scored, listed(served, scored, person, wish, None))
    add_reasons(scored, served, draft, until=time.monotonic() + service.config.deadline_seconds)
    route = Route("popularity", "the weighted rating of all users was asked for")
    return Answer(served, "popular", None, route, draft.movies, [], [])
