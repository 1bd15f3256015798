"""A cache that is bounded by bytes: what was used longest ago goes first. Safe for threads; nothing is computed inside.

The lock is held for a look or a move, never while a value is made: two threads that miss at once both make it, and the
second one wins, which is right for values that follow from their key.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """At most `limit` bytes of values, as `size` counts them."""

    def __init__(self, limit: int, *, size: Callable[[V], int]) -> None:
        self.limit, self.size = limit, size
        self.used = self.hits = self.misses = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        with self._lock:
            value = self._kept.get(key)
            if value is None:
                self.misses += 1
                return None
            self._kept.move_to_end(key)
            self.hits += 1
            return value

    def put(self, key: K, value: V) -> None:
        """A value larger than the whole cache is not kept."""
        taken = self.size(value)
        if taken > self.limit:
            return
        with self._lock:
            if key in self._kept:
                self.used -= self.size(self._kept.pop(key))
            self._kept[key] = value
            self.used += taken
            while self.used > self.limit:
                _, old = self._kept.popitem(last=False)
                self.used -= self.size(old)

    def __len__(self) -> int:
        return len(self._kept)
