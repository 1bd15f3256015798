"""An interactive session: what somebody did so far, what it is worth, and how the next list is asked for.

Each act goes to the API as a feedback event, durable before the page says so, and is part of the next request: nothing
is retrained, and the next list is another one. A comment is read as the pipeline reads it (`feedback.texts`); for this
session its sentiment stands for stars, in the data it stays a text beside what its writer stated.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from recsys_assets.agents.actions import Act, Rewards
from recsys_assets.feedback.texts import read_text
from recsys_assets.serving.api.schemas.lists import ListAnswer, ListedMovie, UserListAnswer
from recsys_assets.serving.api.schemas.requests import ActIn, RatingIn, RecommendIn
from recsys_assets.serving.client import Client, event_of

ActName = Literal["like", "watch", "click", "skip", "ignore"]
ACTS: dict[ActName, str] = {
    "like": ":material/thumb_up: Like",
    "watch": ":material/play_arrow: Watch",
    "click": ":material/ads_click: Click",
    "skip": ":material/skip_next: Skip",
    "ignore": ":material/visibility_off: Ignore",
}
FIRST_GUEST = 10**12
"""Ids of guests begin here: no published data set has so many people."""
MIDDLE, SPAN = 3.0, 2.0
"""Stars of a text without sentiment, and what the strongest adds or takes."""


@dataclass(frozen=True)
class Done:
    """One act."""

    movie_id: int
    title: str
    action: ActName
    text: str = ""
    stars: float | None = None
    """What a comment is taken for in this session."""

    @property
    def reward(self) -> float:
        return float(Rewards().table()[Act[self.action.upper()]])


@dataclass
class Session:
    """Of one visitor; `user_id` None: a guest, of whom nothing is known but this session."""

    user_id: int | None = None
    session_id: str = field(default_factory=lambda: f"app-{secrets.token_hex(8)}")
    guest_id: int = field(default_factory=lambda: FIRST_GUEST + secrets.randbelow(10**12))
    done: list[Done] = field(default_factory=list)
    shown: UserListAnswer | None = None
    before: ListAnswer | None = None

    @property
    def list_shown(self) -> UserListAnswer:
        """What is on the page. A session begins with a list."""
        if self.shown is None:
            raise ValueError("this session has shown nothing yet; ask for its first list")
        return self.shown

    @property
    def sender(self) -> int:
        """Whose feedback it is."""
        return self.user_id if self.user_id is not None else self.guest_id

    @property
    def rewards(self) -> list[float]:
        """Cumulative, from 0 before the first act."""
        total, found = 0.0, [0.0]
        for act in self.done:
            total += act.reward
            found.append(round(total, 6))
        return found

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(act.action for act in self.done)
        return {name: counted[name] for name in get_args(ActName)}


def next_list(api: Client, session: Session, *, k: int, model: str | None, explore: bool) -> None:
    """Ask for the list that follows from all that was done; the one before is kept to compare."""
    answer = api.recommend(wish_of(session, k=k, model=model, explore=explore))
    session.before, session.shown = session.shown, answer


def wish_of(session: Session, *, k: int, model: str | None, explore: bool) -> RecommendIn:
    commented = [act for act in session.done if act.stars is not None]
    return RecommendIn(
        user_id=session.user_id,
        session=[ActIn(movie_id=a.movie_id, action=a.action) for a in session.done if a.stars is None],
        ratings=[RatingIn(movie_id=a.movie_id, rating=a.stars) for a in commented],
        exclude=[a.movie_id for a in commented],
        k=k,
        model=model,
        policy="stochastic" if explore else "greedy",
    )


def act(api: Client, session: Session, movie: ListedMovie, action: ActName, *, text: str = "") -> Done:
    """Send it; when this returns it is on disk. Raises ApiError, and then nothing was done."""
    said = text.strip()
    event = event_of(
        session.list_shown,
        movie,
        user_id=session.sender,
        action=action,
        text=said or None,
        session_id=session.session_id,
    )
    answer = api.send([event])
    if answer.rejected:
        raise ValueError(f"the event was refused: {answer.events[0].reason}")
    done = Done(movie.movie_id, movie.title, action, said, stars_of(said) if said else None)
    session.done.append(done)
    return done


def stars_of(text: str) -> float:
    """What a comment's sentiment (-1 to 1) would be in stars, in halves."""
    return round(2 * (MIDDLE + SPAN * read_text(text).sentiment)) / 2


def read_in_words(text: str) -> str:
    """What was read in a comment."""
    found = read_text(text)
    aspects = [
        f"{word} {', '.join(names)}"
        for word, names in (("praises", found.aspects.praised), ("criticizes", found.aspects.criticized))
        if names
    ]
    return "; ".join((f"read as {found.label} ({found.sentiment:+.2f}), {stars_of(text):g} stars", *aspects))


def counted(done: Sequence[Done]) -> str:
    return f"after {len(done)} act{'' if len(done) == 1 else 's'}"
