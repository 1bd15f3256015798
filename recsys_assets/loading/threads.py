"""Work done ahead by threads, in order. Errors surface where the result is read; closing leaves no thread behind."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar, cast

In = TypeVar("In")
Out = TypeVar("Out")
POLL_SECONDS = 0.05


def map_ordered(function: Callable[[In], Out], items: Iterable[In], *, workers: int) -> Iterator[Out]:
    """`function` of each item, in the order of the items; 0 workers: in this thread."""
    if workers == 0:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="loading-worker")
    pending: deque[Future[Out]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def prefetched(items: Iterator[Out], *, depth: int) -> Iterator[Out]:
    """`items`, up to `depth` of them made ahead by one thread; 0: none. Closes `items` in the end."""
    if depth == 0:
        with closing(cast(Any, items)):
            yield from items
        return
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, ready, stop), name="loading-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stop.set()
        thread.join()


def _produce(items: Iterator[Any], ready: queue.Queue[tuple[str, Any]], stop: threading.Event) -> None:
    try:
        with closing(cast(Any, items)):
            for item in items:
                if not _put(ready, ("item", item), stop):
                    return
        _put(ready, ("end", None), stop)
    except BaseException as error:
        _put(ready, ("error", error), stop)


def _put(ready: queue.Queue[tuple[str, Any]], message: tuple[str, Any], stop: threading.Event) -> bool:
    """False where nobody reads any more."""
    while not stop.is_set():
        try:
            ready.put(message, timeout=POLL_SECONDS)
            return True
        except queue.Full:
            continue
    return False
