"""Memory of an allocation that was not tried yet: of a worker of each stage, of a batch, and of all else.

    log y = log(sum_i x_i exp(theta_i) + e) + sigma z

is a reading y of one part or of the whole, x what it adds up, e what is neither a worker's nor a batch's. Every
reading is off by the same share sigma, which is estimated with theta and e from how far readings are off what was
foretold: a Kalman filter, linear in readings of one part and linearized in those of the whole. Of e alone there is no
reading, and not to know it is half of all that is not known; so what it may be is taken from the families that tuners
are trained on (`ELSE`), and readings weigh against that by their noise.

What ran is known to fit (`proven`). What ran out of memory held more than there is: until readings say so too,
everything is taken to be larger by as much as it takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray
from recsys_assets.tuner.controllers.proven import Proven
from recsys_assets.tuner.controllers.with_ready import TINY, WithReady, tail
from recsys_assets.tuner.readings import FloatArray, Readings

SAFE = 3.0
"""Standard errors that memory is taken to be larger than estimated, at least: a tuner may be more careful."""
UNHEARD = 2.0
"""Logarithm by which a part is off at most where it is drawn: of one that told nothing yet it could be anything."""
_PARTS = N_STAGES + 2
_READ = range(_PARTS - 1)
"""Parts that have readings of their own."""


class MemoryEstimate:
    """Kept up for b pipelines. `state` (b, 6): theta of the stages and of a batch, and e."""

    NOISE, SURE = 0.12, 8.0
    """Of readings before they have shown it, and the number of readings that this weighs as much as."""
    ELSE, ELSE_SPREAD = 0.125, 0.045
    """Mean and deviation of e in all families of `WIDER`."""

    def __init__(self, n: int) -> None:
        self.state = np.full((n, _PARTS), np.log(TINY))
        self.state[:, -1] = self.ELSE
        self.gram, self.moment = np.zeros((n, _PARTS, _PARTS)), np.zeros((n, _PARTS))
        """Of all readings, as if each were off by all of itself."""
        self.gram[:, _READ, _READ] = TINY
        self.moment[:, :-1] = TINY * np.log(TINY)  # a part that told nothing yet is taken for nothing
        self.square, self.told, self.intervals = np.zeros(n), np.zeros(n), np.zeros(n)
        self.was_down, self.crashed = np.zeros(n, dtype=np.bool_), np.zeros((n, _PARTS))
        """What ran out of memory last, as `x`; zeros where nothing did."""
        self.proven = Proven(n)
        self._finish()
        self.covariance = np.linalg.inv(self._with_prior(self.gram, self.moment)[0])
        self.risk_of_proven = np.zeros(self.proven.prefetch.shape)

    def learn(self, readings: Readings) -> None:
        """What pipelines that are down hold says nothing, and no more does a stage that held nothing yet."""
        running = ~readings.down
        self._crash(readings)
        x = _columns(readings.allocation.workers, readings.allocation.prefetch)
        parts = np.column_stack([readings.stage_memory, readings.batch_memory])
        parts[:, :-1] /= readings.allocation.workers
        told = (parts > TINY) & running[:, None]
        parts, whole = np.log(np.maximum(parts, TINY)), np.log(np.maximum(readings.memory, TINY))
        first, at = running & (self.told == 0), self.state.copy()
        heard = self.gram[:, _READ, _READ] > 2 * TINY
        at[:, :-1] = np.where(told & ~heard, parts, at[:, :-1])
        before, heard = at, heard | told
        for _ in range(3):  # again, linearized where the last came to
            gram, moment = self._read(at, x * _and_else(heard), whole, parts, told)
            precision, weighted = self._with_prior(gram, moment)
            covariance = np.linalg.inv(precision)
            at = np.einsum("bij,bj->bi", covariance, weighted)
        off = np.column_stack([told * (parts - at[:, :-1]), whole - np.log(_total(at, x))])
        moved, known = at - before, self._with_prior(self.gram, self.moment)[0]
        surprise = (off**2).sum(axis=1) + np.einsum("bi,bij,bj->b", moved, known, moved)
        self.square += np.where(running & ~first, surprise, 0)
        self.told += running * (1 + told.sum(axis=1))
        self.intervals += running
        self.state, self.moment = _where(running, at, self.state), _where(running, moment, self.moment)
        self.gram = _where(running, gram, self.gram)
        self.covariance = _where(running, covariance, self.covariance)
        self.proven.add(readings.allocation, running)
        self._finish()
        whole, variance, _ = self._expected(self.proven.workers.swapaxes(0, 1), self.proven.prefetch.T)
        self.risk_of_proven = tail(whole, self.noise * np.sqrt(variance)).T

    def _read(
        self, at: FloatArray, x: FloatArray, whole: FloatArray, parts: FloatArray, told: NDArray[np.bool_]
    ) -> tuple[FloatArray, FloatArray]:
        """Gram and moment with a reading more of each part that is `told`, and of the whole, linearized about `at`."""
        total = _total(at, x)
        slope = _slope(at, x) / total[:, None]
        off = whole - np.log(total) + (slope * at).sum(axis=1)
        gram = self.gram + slope[:, :, None] * slope[:, None, :]
        gram[:, _READ, _READ] += told
        moment = self.moment + slope * off[:, None]
        moment[:, :-1] += told * parts
        return gram, moment

    def _with_prior(self, gram: FloatArray, moment: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What is known of e beforehand counts for more readings, the noisier they are."""
        weight = (self.noise / self.ELSE_SPREAD) ** 2
        gram, moment = gram.copy(), moment.copy()
        gram[:, -1, -1] += weight
        moment[:, -1] += weight * self.ELSE
        return gram, moment

    def _crash(self, readings: Readings) -> None:
        """In the first interval of being down, the allocation read is the one that was too large, unless it ran before:
        then something else has stopped it."""
        now = readings.allocation
        died = readings.down & ~self.was_down & ~self.proven.cover(now)
        self.crashed = _where(died, _columns(now.workers, now.prefetch), self.crashed)
        self.was_down = readings.down

    def _finish(self) -> None:
        free = np.maximum(0, self.told - _PARTS)
        self.noise = np.sqrt((self.square + self.SURE * self.NOISE**2) / (free + self.SURE))
        self.parts = np.where(self.told[:, None] > 0, _values(self.state), 0)
        crashed = (self.crashed * self.parts).sum(axis=1)
        self.larger = np.where(crashed > 0, 1 / np.clip(crashed, TINY, 1), 1)
        self.parts *= self.larger[:, None]

    def draws(self, n: int, rng: np.random.Generator) -> FloatArray:
        """(n, 6) of the first pipeline: what a worker of each stage, a batch and all else may hold."""
        root = np.linalg.cholesky(self.covariance[0] + 1e-12 * np.eye(_PARTS))
        off = self.noise[0] * (rng.normal(size=(n, _PARTS)) @ root.T)
        off[:, _READ] = np.clip(off[:, _READ], -UNHEARD, UNHEARD)
        return np.asarray(_values(self.state[0] + off) * self.larger[0])

    def of(self, allocation: Allocation) -> FloatArray:
        """(b,) share of the budget, on the safe side."""
        return self.beside(allocation.workers).safely(allocation.prefetch, safe=SAFE)

    def room_for(self, workers: NDArray[Any], *, most: NDArray[Any]) -> IntArray:
        """(..., b) batches that may wait ready beside `workers`, `FEW_READY` at least, `most` (..., b) at most."""
        return self.beside(workers).room(most=most, safe=SAFE)

    def beside(self, workers: NDArray[Any]) -> WithReady:
        """Of `workers` (..., b, n) with any number of batches ready."""
        whole, variance, covariance = self._expected(workers, np.zeros(workers.shape[:-1]))
        batch, own = self.parts[:, N_STAGES], self.covariance[:, N_STAGES, N_STAGES]
        return WithReady(
            whole,
            batch,
            variance,
            covariance * batch,
            own * batch**2,
            self.noise,
            self.proven.ready(workers),
            workers,
            self.proven,
            self.risk_of_proven,
        )

    def _expected(self, workers: NDArray[Any], prefetch: NDArray[Any]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(..., b) share of the budget, its variance for readings off by all of themselves, and covariance with the
        logarithm of a batch."""
        x = _columns(workers, prefetch) * self.parts
        whole = np.maximum(x.sum(axis=-1), TINY)
        x[..., -1] = self.larger  # e itself is estimated, of the others logarithms
        weighted = np.einsum("...bi,bij->...bj", x, self.covariance)
        return whole, np.maximum(0, (weighted * x).sum(axis=-1)), weighted[..., N_STAGES]


def _columns(workers: NDArray[Any], prefetch: NDArray[Any]) -> FloatArray:
    """(..., b, 6) how often each part is in an allocation."""
    return np.concatenate([workers, prefetch[..., None], np.ones((*prefetch.shape, 1))], axis=-1).astype(np.float64)


def _and_else(heard: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(b, 6) of (b, 5): the whole says nothing of a part that told nothing yet, and always of all else."""
    return np.column_stack([heard, np.ones(len(heard), dtype=np.bool_)])


def _values(state: FloatArray) -> FloatArray:
    """(b, 6) of each part, as shares of the budget."""
    return np.column_stack([np.exp(state[:, :-1]), np.maximum(0, state[:, -1])])


def _total(state: FloatArray, x: FloatArray) -> FloatArray:
    return np.asarray(np.maximum((x * _values(state)).sum(axis=1), TINY))


def _slope(state: FloatArray, x: FloatArray) -> FloatArray:
    """(b, 6) of the whole in each of `state`."""
    return np.column_stack([x[:, :-1] * np.exp(state[:, :-1]), x[:, -1]])


def _where(chosen: NDArray[np.bool_], new: NDArray[Any], old: NDArray[Any]) -> FloatArray:
    return np.asarray(np.where(chosen.reshape(-1, *[1] * (new.ndim - 1)), new, old))
