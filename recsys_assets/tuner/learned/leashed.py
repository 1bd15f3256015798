"""PPO in NumPy, for a network of a few thousand weights that is tuned while a pipeline runs: no torch, on a leash.

    loss = -mean min(r A, clip(r, 1 - e, 1 + e) A) + k KL(policy || start)

(Schulman et al., 2017). r: chance of an action now, over that with which it was taken. A: discounted sum of rewards
less its mean over others that went on from the same state of the same pipeline, so that no critic is needed. The leash
is kept twice: in the loss, and by going back towards the start until KL is within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import IntArray
from recsys_assets.tuner.learned.policy import Layer
from recsys_assets.tuner.readings import FloatArray

Layers = tuple[Layer, ...]
HALVINGS = 12
"""Of the way from the start, at most, until the leash holds."""


@dataclass(frozen=True)
class Leash:
    """Of one update."""

    learning_rate: float = 1e-3
    epochs: int = 4
    minibatch: int = 512
    clip: float = 0.2
    pull: float = 0.02
    """k, the weight of KL in the loss."""
    length: float = 1.0
    """Nats, mean over states and summed over the parts of an action, that a policy may differ from its start."""


@dataclass(frozen=True)
class Batch:
    """Decisions to learn from: seen (n, width), actions (n, parts), advantages (n,)."""

    seen: NDArray[np.float32]
    actions: IntArray
    old: FloatArray
    """(n,) logarithm of the chance with which each action was taken."""
    advantages: FloatArray

    def and_also(self, other: Batch) -> Batch:
        return Batch(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    def take(self, rows: IntArray) -> Batch:
        return Batch(*(getattr(self, f.name)[rows] for f in fields(self)))


def log_chances(layers: Layers, seen: NDArray[np.float32], choices: int) -> FloatArray:
    """(n, parts, choices) logarithms of the chances of each choice of each part of an action."""
    return _log_softmax(_forward(layers, seen)[-1], choices)


def of_chosen(log: FloatArray, actions: IntArray) -> FloatArray:
    """(n,) of `actions` (n, parts), by `log` (n, parts, choices)."""
    return np.asarray(np.take_along_axis(log, actions[:, :, None], axis=2).sum(axis=(1, 2)))


def divergence(layers: Layers, start: Layers, seen: NDArray[np.float32], choices: int) -> float:
    """KL(policy || start), mean over states."""
    log, before = log_chances(layers, seen, choices), log_chances(start, seen, choices)
    return float((np.exp(log) * (log - before)).sum(axis=(1, 2)).mean())


def improved(
    layers: Layers, start: Layers, batch: Batch, choices: int, leash: Leash, rng: np.random.Generator
) -> Layers:
    """`layers` after some epochs of PPO on `batch`, no further than the leash from `start`."""
    weights = [a.copy() for layer in layers for a in layer]
    adam = _Adam(weights, leash.learning_rate)
    before = log_chances(start, batch.seen, choices)
    for _ in range(leash.epochs):
        order = rng.permutation(len(batch.seen))
        for rows in np.array_split(order, max(1, len(order) // leash.minibatch)):
            adam.step(gradients(_layers(weights), batch.take(rows), before[rows], leash))
    return held(_layers(weights), start, batch.seen, choices, leash.length)


def held(layers: Layers, start: Layers, seen: NDArray[np.float32], choices: int, length: float) -> Layers:
    """`layers`, or as far towards `start` as the leash asks for; `start` itself where nothing else is within it."""
    share = 1.0
    for _ in range(HALVINGS):
        found = _between(start, layers, share)
        if divergence(found, start, seen, choices) <= length:
            return found
        share /= 2
    return start


def gradients(layers: Layers, batch: Batch, before: FloatArray, leash: Leash) -> list[FloatArray]:
    """Of the loss, in the order of weights; `before` (n, parts, choices): the start's log chances."""
    n, (_, parts, choices) = len(batch.seen), before.shape
    passed = _forward(layers, batch.seen)
    log = _log_softmax(passed[-1], choices)
    chance = np.exp(log)
    ratio = np.exp(np.clip(of_chosen(log, batch.actions) - batch.old, -20, 20))
    up = batch.advantages > 0
    free = np.where(up, ratio < 1 + leash.clip, ratio > 1 - leash.clip)
    gain = np.where(free, ratio * batch.advantages, 0)
    taken = np.eye(choices)[batch.actions]
    off = log - before
    apart = chance * (off - (chance * off).sum(axis=2, keepdims=True))
    delta = (-gain[:, None, None] * (taken - chance) + leash.pull * apart).reshape(n, parts * choices) / n
    return _backward(layers, passed, delta.astype(passed[0].dtype))


def _forward(layers: Layers, seen: NDArray[np.float32]) -> list[FloatArray]:
    """What went into each layer, and the logits, as exact as the weights are."""
    passed: list[FloatArray] = [seen.astype(layers[0][0].dtype)]
    for place, (weight, bias) in enumerate(layers):
        x = passed[-1] @ weight.T + bias
        passed.append(np.tanh(x) if place < len(layers) - 1 else x)
    return passed


def _backward(layers: Layers, passed: Sequence[FloatArray], delta: FloatArray) -> list[FloatArray]:
    found: list[FloatArray] = []
    for place in range(len(layers) - 1, -1, -1):
        went_in = passed[place]
        found = [delta.T @ went_in, delta.sum(axis=0), *found]
        delta = (delta @ layers[place][0]) * (1 - went_in**2)
    return found


class _Adam:
    """Kingma and Ba (2015), in place."""

    def __init__(self, weights: list[NDArray[np.float32]], rate: float) -> None:
        self.weights, self.rate, self.steps = weights, rate, 0
        self.mean = [np.zeros_like(w) for w in weights]
        self.square = [np.zeros_like(w) for w in weights]

    def step(self, gradients: Sequence[FloatArray]) -> None:
        self.steps += 1
        for weight, mean, square, gradient in zip(self.weights, self.mean, self.square, gradients, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            scaled = np.sqrt(square / (1 - 0.999**self.steps)) + 1e-5
            weight -= self.rate * mean / (1 - 0.9**self.steps) / scaled


def _log_softmax(logits: FloatArray, choices: int) -> FloatArray:
    rated = logits.reshape(len(logits), -1, choices)
    rated = rated - rated.max(axis=2, keepdims=True)
    return np.asarray(rated - np.log(np.exp(rated).sum(axis=2, keepdims=True)))


def _layers(weights: Sequence[NDArray[np.float32]]) -> Layers:
    return tuple(zip(weights[::2], weights[1::2], strict=True))


def _between(start: Layers, end: Layers, share: float) -> Layers:
    def part(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(a + share * (b - a), dtype=np.float32)

    return tuple((part(w, v), part(b, c)) for (w, b), (v, c) in zip(start, end, strict=True))
