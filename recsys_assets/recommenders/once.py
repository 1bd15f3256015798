"""A list and its reasons: what both begin with is computed once.

An account of scores begins with the work that made them: the scores of a blend's parts, the shortlist, the belief.
Inside `with one_history():` `once` keeps it; outside it computes anew, so that nothing outlives the list it was for. A
context belongs to its thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from recsys_assets.recommenders.data import Histories

T = TypeVar("T")
_kept: ContextVar[dict[tuple[int, str, int], tuple[Any, ...]] | None] = ContextVar("kept", default=None)


@contextmanager
def one_history() -> Iterator[None]:
    """What models work out of a history in here is kept until the end of the block."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(model: object, what: str, history: Histories, make: Callable[[], T]) -> T:
    """`make()`, or what it gave before for this very history object in this block."""
    kept = _kept.get()
    if kept is None:
        return make()
    key = (id(model), what, id(history))
    if key not in kept:
        kept[key] = (model, history, make())  # both are held, so that no other object gets their ids
    found: T = kept[key][2]
    return found
