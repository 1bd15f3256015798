"""What of the film was praised and what criticized: ten aspects, by our lexicon and rules of scope.

A word that names an aspect takes the polarity of the opinion nearest to it in its clause; a comma or `and` between
them counts as `STEP` words, so that in "great acting and a stupid plot" each keeps its own. An opinion that stands
directly before `film` is about the film. Words like `too long` name an aspect and judge it at once. Negations turn
all of them (`negation.py`). An aspect may be praised and criticized in one text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recsys_assets.feedback.texts.lexicon import OPINION, FilmLexicon, film_lexicon
from recsys_assets.feedback.texts.negation import negated, negates
from recsys_assets.feedback.texts.tokens import SOFT, Clause, Token

STEP = 3
REACH = 9
"""Words, steps counted, over which an opinion reaches an aspect."""
MISSING = frozenset({"no", "without", "lacks", "lacked", "lacking", "zero", "nothing"})
"""Before an aspect these say that there is none of it."""
FILMS = frozenset({"film", "films", "movie", "movies", "flick", "picture", "sequel", "it"})


@dataclass(frozen=True)
class Aspects:
    """Names of `ASPECTS`, sorted."""

    praised: tuple[str, ...] = ()
    criticized: tuple[str, ...] = ()


def aspects_of(clauses: Iterable[Clause], lexicon: FilmLexicon | None = None) -> Aspects:
    """Aspects with polarity, of a text's clauses."""
    lexicon = lexicon or film_lexicon()
    found = {judgement for clause in clauses for judgement in _of_clause(clause.tokens, lexicon)}
    return Aspects(
        praised=tuple(sorted(name for name, good in found if good)),
        criticized=tuple(sorted(name for name, good in found if not good)),
    )


def _of_clause(tokens: Sequence[Token], lexicon: FilmLexicon) -> Iterable[tuple[str, bool]]:
    polarity = _polarities(tokens)
    for place, token in enumerate(tokens):
        for name, aspect in lexicon.aspects.items():
            if token.term in aspect.good or token.term in aspect.bad:
                yield name, (token.term in aspect.good) != negated(tokens, place)
            elif token.term in aspect.about and (sign := _judged(tokens, place, polarity)):
                yield name, sign > 0


def _polarities(tokens: Sequence[Token]) -> list[int]:
    """-1, 0 or 1 per token: the opinion it is, negations heeded; 0 where it is about the film as a whole."""
    signs = []
    for place, token in enumerate(tokens):
        sign = 0 if abs(token.valence) < OPINION or negates(token) else 1 if token.valence > 0 else -1
        following = tokens[place + 1].term if place + 1 < len(tokens) else ""
        signs.append(0 if following in FILMS else -sign if negated(tokens, place) else sign)
    return signs


def _judged(tokens: Sequence[Token], place: int, polarity: Sequence[int]) -> int:
    """The polarity that the aspect at `place` takes: of the nearest opinion; 0 where none is in reach."""
    near = [(_distance(tokens, place, n), n) for n, sign in enumerate(polarity) if sign]
    distance, opinion = min(near, default=(REACH + 1, 0))
    missing = any(t.term in MISSING for t in tokens[max(0, place - 2) : place])
    if missing and not (distance <= REACH and opinion < place and distance <= 2):
        return -1
    if distance > REACH:
        return 0
    turned = _ends_in_not(tokens, place) and distance > STEP
    return -polarity[opinion] if turned else polarity[opinion]


def _distance(tokens: Sequence[Token], one: int, other: int) -> int:
    low, high = sorted((one, other))
    return high - low + STEP * sum(t.term in SOFT for t in tokens[low:high])


def _ends_in_not(tokens: Sequence[Token], place: int) -> bool:
    """`the effects are amazing, the characters are not`: the part that names the aspect ends in a bare negation."""
    end = next((n for n in range(place, len(tokens)) if tokens[n].term == ","), len(tokens))
    last = tokens[end - 1].term
    return last == "not" or last.endswith("n't")
