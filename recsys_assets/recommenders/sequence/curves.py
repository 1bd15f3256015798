"""How training went, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass
class Curves:
    """Of the search for the number of epochs, in which the last movies are held out."""

    train_loss: list[float] = field(default_factory=list)
    validation_ndcg: list[float] = field(default_factory=list)
    """NDCG@10 on the inner validation; empty where nobody has enough events to hold one out."""
    learning_rate: list[float] = field(default_factory=list)
    """At the end of the epoch."""

    def __len__(self) -> int:
        return len(self.train_loss)

    @property
    def best(self) -> int:
        """Number of epochs with the highest NDCG, all where it is not known."""
        return 1 + int(np.argmax(self.validation_ndcg)) if self.validation_ndcg else len(self)

    def stalled(self, patience: int) -> bool:
        return bool(self.validation_ndcg) and len(self) - self.best >= patience

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"epoch": np.arange(1, len(self) + 1)} | {
            f.name: np.array(getattr(self, f.name), dtype=np.float64) for f in fields(self)
        }

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Inverse of `arrays`."""
        return cls(**{f.name: arrays[f.name].tolist() for f in fields(cls)})
