"""A thread that does one thing every so many seconds, and goes on when that fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("recsys.api")


class Every:
    """`work` every `seconds` until `stop`."""

    def __init__(self, seconds: float, work: Callable[[], object], *, name: str) -> None:
        self.seconds, self.work = seconds, work
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the work that is going on."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self.seconds):
            try:
                self.work()
            except Exception:  # the next look may find what this one did not
                log.exception("background work failed", extra={"work": self._thread.name})
