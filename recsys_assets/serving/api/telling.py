"""Why movies are listed, in words: their reasons, and the evidence of those whose reasons name nothing of the person's.

Of users who are asked for as the model knows them the words are kept beside their scores (`Served.told`): both follow
from the model and the user alone.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.recommenders.accounts import Shown
from recsys_assets.recommenders.data import IntArray
from recsys_assets.recommenders.evidence import evidence_of_list
from recsys_assets.serving.answers import evidence_in_words
from recsys_assets.serving.api.schemas.lists import ReasonOut
from recsys_assets.serving.api.scoring import Scores
from recsys_assets.serving.api.served import Served, Told

REASONS_SHOWN = 5


def told_of(scored: Scores, served: Served, columns: list[int]) -> list[Told]:
    """Of each column; what is not kept is worked out at once."""
    if scored.user is None:
        return _told(scored, np.array(columns, dtype=np.int64))
    found = {column: served.told.get((scored.user, column)) for column in columns}
    missing = [column for column, told in found.items() if told is None]
    if missing:
        for column, made in zip(missing, _told(scored, np.array(missing)), strict=True):
            found[column] = made
            served.told.put((scored.user, column), made)
    return [told for column in columns if (told := found[column]) is not None]


def _told(scored: Scores, columns: IntArray) -> list[Told]:
    reasons = [shown_reasons(shown) for shown in scored.accounts(columns).largest(REASONS_SHOWN)]
    evidence: list[list[str]] = [[] for _ in reasons]
    bare = [place for place, own in enumerate(reasons) if not any(r.kind == "history" for r in own)]
    if bare and scored.standing.n_ratings:
        found = evidence_of_list(scored.recommender, scored.standing.history, columns[bare])
        for place, theirs in zip(bare, found, strict=True):
            evidence[place] = list(evidence_in_words(theirs))
    return [Told(*both) for both in zip(reasons, evidence, strict=True)]


def shown_reasons(shown: Shown) -> list[ReasonOut]:
    """The largest, and all others as one: contributions still add up to the score."""
    found = [
        ReasonOut.model_construct(
            kind=reason.kind,
            text=reason.words,
            contribution=reason.contribution,
            movie_id=reason.movie_id,
            rating=reason.rating,
        )
        for reason in shown.reasons
    ]
    if shown.left:
        text = f"{shown.left} smaller reasons"
        rest = ReasonOut.model_construct(kind="part", text=text, contribution=shown.rest, movie_id=None, rating=None)
        found.append(rest)
    return found
