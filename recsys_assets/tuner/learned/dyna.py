"""One update of a policy between two decisions: PPO on imagined pipelines, judged on others before it is taken.

The new policy has to do better than the present one from the state that is now, on draws that it did not learn from,
by more than the standard error of their difference; else the present one stays.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from recsys_assets.tuner.allocation import IntArray
from recsys_assets.tuner.learned.branches import Played
from recsys_assets.tuner.learned.imagined import Now
from recsys_assets.tuner.learned.leashed import Batch, Layers, Leash, divergence, improved, log_chances, of_chosen


@dataclass(frozen=True)
class OnlineConfig:
    """How a policy is tuned online."""

    worth: float = 0.01
    """q that an update is imagined to gain at least; else the next is put off for twice as many intervals as this one
    was: one at first, and again once the cores changed."""
    draws: int = 16
    copies: int = 8
    """Of each draw, that try different actions."""
    held_out: int = 32
    """Draws that decide whether an update is taken."""
    horizon: int = 8
    """Decisions of a branch."""
    learned: int = 5
    """Of them, from the first on, are learned from: what the last ones bring is not seen any more."""
    rounds: int = 2
    """Of branches and PPO in an update."""
    gamma: float = 0.8
    real: float = 8.0
    """Imagined decisions that a real one counts as."""
    good_enough: float = 0.97
    """Imagined share of the best from which on nothing is updated."""
    surer: float = 1.0
    """Standard errors by which an update has to do better."""
    least_spread: float = 0.02
    """Deviation of advantages that they are scaled by at least: below it they are noise."""
    leash: Leash = field(default_factory=Leash)
    seed: int = 0


@dataclass(frozen=True)
class Update:
    """What came of it: q is imagined, the mean of a branch on held-out draws."""

    imagined: int
    """Decisions, those on held-out draws too."""
    before: float
    after: float
    error: float
    """Standard error of their difference."""
    divergence: float
    """Nats from the policy as it was trained."""
    taken: bool
    cpu_seconds: float

    @property
    def sentence(self) -> str:
        """For the decision log."""
        what = "update taken" if self.taken else "update not taken"
        return (
            f"{what}: {self.imagined:,} imagined decisions, q {self.before:.3f} -> {self.after:.3f} "
            f"(± {self.error:.3f}), {self.divergence:.2f} nats from its start, {self.cpu_seconds:.2f} CPU s"
        )


@dataclass(frozen=True)
class Decided:
    """A real decision, until the next update says what it brought."""

    seen: np.ndarray
    action: IntArray
    value: float = float("nan")
    """What was imagined to come, when it was made."""
    rewards: tuple[float, ...] = ()

    def then(self, reward: float) -> Decided:
        return replace(self, rewards=(*self.rewards, reward))

    def advantage(self, value: float, gamma: float) -> float:
        """What came, and is imagined to come now, beyond what was imagined then."""
        came = sum(gamma**k * reward for k, reward in enumerate(self.rewards))
        return float(came + gamma ** len(self.rewards) * value - self.value)


@dataclass(frozen=True)
class Tuned:
    """The policy to go on with, and what it is imagined to bring from the state that was then."""

    layers: Layers
    update: Update
    value: float
    """Discounted sum of all rewards to come."""
    throughput: float
    """Batches a second at the end of a branch."""
    best: float
    """Batches a second that q is a share of."""


def tuned(
    now: Now, layers: Layers, start: Layers, real: Decided | None, config: OnlineConfig, rng: np.random.Generator
) -> Tuned:
    """`layers` after an update, or as they are; `real`: the real decision after the last one."""
    began, seed = time.thread_time(), int(rng.integers(2**31))
    others = now.scenario(config.held_out, rng)
    before = after = now.branch(others, seed=seed).play(layers, config.horizon)
    found, decisions = layers, before.rewards.size
    if before.quality.mean() < config.good_enough:
        counted = None if real is None else _counted(real, layers, before.value(config.gamma), choices_of(now), config)
        found, learned_from = _after_rounds(now, layers, start, counted, config, rng)
        after = now.branch(others, seed=seed).play(found, config.horizon)
        decisions += learned_from + after.rewards.size
    gains = (after.rewards - before.rewards).mean(axis=0)
    error = float(gains.std() / np.sqrt(len(gains)))
    taken = bool(gains.mean() > config.surer * error)
    apart = divergence(found, start, after.seen.reshape(-1, after.seen.shape[-1]), choices_of(now))
    figures = (float(before.quality.mean()), float(after.quality.mean()), error, apart, taken)
    update, kept = Update(decisions, *figures, time.thread_time() - began), after if taken else before
    promised = float((kept.quality[-1] * kept.best).mean())
    return Tuned(found if taken else layers, update, before.value(config.gamma), promised, float(kept.best.mean()))


def _after_rounds(
    now: Now, layers: Layers, start: Layers, real: Batch | None, config: OnlineConfig, rng: np.random.Generator
) -> tuple[Layers, int]:
    """`layers` after rounds of branches and PPO, and the decisions in them."""
    decisions = 0
    for _ in range(config.rounds):
        drawn = now.scenario(config.draws, rng, copies=config.copies)
        tried = now.branch(drawn, seed=int(rng.integers(2**31))).play(layers, config.horizon, rng=rng)
        batch = _to_learn_from(tried, real, config)
        layers = improved(layers, start, batch, choices_of(now), config.leash, rng)
        decisions += tried.rewards.size
    return layers, decisions


def _to_learn_from(tried: Played, real: Batch | None, config: OnlineConfig) -> Batch:
    """Advantages against the mean of all copies of the same draw in the same interval, and those of real decisions."""
    n = config.learned
    of_draws = tried.returns(config.gamma)[:n].reshape(n, -1, config.copies)
    advantages = (of_draws - of_draws.mean(axis=2, keepdims=True)).reshape(-1)
    scale = max(config.least_spread, float(advantages.std()))
    found = Batch(
        tried.seen[:n].reshape(advantages.size, -1),
        tried.actions[:n].reshape(advantages.size, -1),
        tried.chances[:n].reshape(-1),
        advantages / scale,
    )
    return found if real is None else found.and_also(replace(real, advantages=real.advantages / scale))


def _counted(real: Decided, layers: Layers, value: float, choices: int, config: OnlineConfig) -> Batch | None:
    """One decision that counts as `config.real` of them; none where it is not known what it brought."""
    advantage = real.advantage(value, config.gamma)
    known = real.rewards and np.isfinite(advantage) and config.real > 0
    log = log_chances(layers, real.seen, choices)
    old = of_chosen(log, real.action)
    return Batch(real.seen, real.action, old, np.array([config.real * advantage])) if known else None


def choices_of(now: Now) -> int:
    """Of each part of an action."""
    return len(now.view.steps)
