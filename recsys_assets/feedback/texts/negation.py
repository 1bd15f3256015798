"""What a negation turns: the three words after it, or the rest of its part where it denies the whole of it.

`None of the jokes were funny` and `I don't think this is great` reach further than VADER's three words. `not only` is
no negation, and a comma ends one.
"""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.feedback.texts.tokens import Token

NEAR = 3
"""Words after a negation that it turns, as in VADER."""
LACKING = frozenset({"lack", "lacks", "lacked", "lacking", "zero"})
_PLAIN = (
    "not no never none nobody nothing neither nor without cannot cant dont didnt doesnt isnt wasnt arent wont wouldnt "
    "couldnt hardly barely"
)
NEGATIONS = LACKING | frozenset(_PLAIN.split())
WHOLE = frozenset({"none", "nobody", "neither"})
OPINING = frozenset({"think", "believe", "feel", "find", "consider", "call", "say"})
"""`I don't think` denies all that follows."""


def negates(token: Token) -> bool:
    return token.term in NEGATIONS or token.term.endswith("n't")


def negations(tokens: Sequence[Token], place: int) -> list[int]:
    """Distances (words) of the negations that turn the token at `place`."""
    found = []
    for back in range(place - 1, -1, -1):
        if tokens[back].term in {",", "-"}:
            break
        following = tokens[back + 1].term
        if not negates(tokens[back]) or following == "only":
            continue
        if place - back <= NEAR or tokens[back].term in WHOLE or following in OPINING:
            found.append(place - back)
    return found


def negated(tokens: Sequence[Token], place: int) -> bool:
    """Is the token at `place` turned? Two negations are none."""
    return len(negations(tokens, place)) % 2 == 1


def spoken(tokens: Sequence[Token]) -> str:
    """A clause as VADER is to read it: lacking is `without`, and a negation out of its sight stands beside its word."""
    words = []
    for place, token in enumerate(tokens):
        if token.valence and any(distance > NEAR for distance in negations(tokens, place)):
            words.append("not")
        words.append("without" if token.term in LACKING else token.shown)
    return " ".join(words)
