"""Whether an agent earned its place: a decision with its reason, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recsys_assets.agents.evaluation.comparison import Comparison

Standing = Literal["earned", "not proven", "worse"]
ASKED = 0.03
"""Share by which an agent is to be better than its rival."""


@dataclass(frozen=True)
class Verdict:
    """`difference` is of mean returns, agent - rival, with its 95 % interval."""

    standing: Standing
    agent: str
    rival: str
    difference: float
    low: float
    high: float
    share: float
    """The difference as a share of the rival's return."""
    sentence: str
    figures: str
    """The sentence's figures, without its judgement."""


def verdict(comparison: Comparison, agent: str) -> Verdict:
    """`agent` against the comparison's reference."""
    found, rival = comparison[agent], comparison[comparison.reference]
    d = found.difference
    share = d.mean / abs(rival.mean.mean) if rival.mean.mean else 0.0
    standing: Standing = "earned" if d.low > 0 else "worse" if d.high < 0 else "not proven"
    figures = (
        f"{found.mean.mean:.2f} a session against {rival.mean.mean:.2f} of {rival.name}, a difference of {d.mean:+.2f} "
        f"({share:+.1%}; 95 % interval {d.low:+.2f} to {d.high:+.2f}, {d.n} people, {named(comparison.simulator)})"
    )
    said = {
        "earned": "earned its place" + ("" if share >= ASKED else f", by less than the {ASKED:.0%} asked for"),
        "not proven": "has not proven that it is better than a policy that learns nothing by reinforcement",
        "worse": "is worse than a policy that learns nothing by reinforcement, and should not be served",
    }
    sentence = f"{agent} {said[standing]}: {figures}."
    return Verdict(standing, agent, rival.name, d.mean, d.low, d.high, share, sentence, figures)


def named(simulator: str) -> str:
    """A simulator's name for readers: `A, held-out users`."""
    return simulator.replace("_", "-")
