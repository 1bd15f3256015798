"""Whether the calibrated model may be believed: fitted on a third of a measured grid, judged on the rest.

    MAPE = mean |X^ - X| / X;   rank = Spearman(X^, X);   regret = 1 - X(argmax X^) / max X, all on held-out allocations

The bars were set before: MAPE <= 15 %, rank >= 0.9, regret <= 5 %. What does not pass is not asked further.

The maximum of noisy figures is too high: of a hundred allocations that are alike, one always shines, and whoever did
not choose that one is told to regret it. How much of a regret that is, two passes over the same grid tell: the truth of
one, judged by the other, is the yardstick (`repeated`); and where the best is taken from one pass and its figure, and
that of the model's choice, from the other, luck is out of it (`fair_regret`). The bar is held against neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.real.calibration import calibrate
from recsys_assets.tuner.real.grid import Grid

MOST_ERROR, LEAST_RANK, MOST_REGRET = 0.15, 0.9, 0.05
FITTED = 1 / 3
SPLITS = 20
"""Random thirds that figures are the mean of; one alone is luck."""


@dataclass(frozen=True)
class Validation:
    """Means over random splits."""

    scenario: str
    cores: int
    allocations: int
    mape: float
    rank: float
    regret: float
    worst_regret: float
    """Of any split."""
    fair_regret: float
    """With the luck of the best taken out; nan with one pass."""
    noise: float
    """How far two passes over the same allocation are apart, as a share (median): no model is better than that."""
    repeated: float
    """Regret of the best of one pass by the figures of another, on the same held-out allocations; nan with one pass."""

    @property
    def passed(self) -> bool:
        return self.mape <= MOST_ERROR and self.rank >= LEAST_RANK and self.regret <= MOST_REGRET

    @property
    def missed(self) -> tuple[str, ...]:
        """What was not reached, in words."""
        told = (
            (self.mape <= MOST_ERROR, f"error {self.mape:.1%} of {MOST_ERROR:.0%} allowed"),
            (self.rank >= LEAST_RANK, f"rank correlation {self.rank:.2f} of {LEAST_RANK} needed"),
            (self.regret <= MOST_REGRET, f"regret {self.regret:.1%} of {MOST_REGRET:.0%} allowed"),
        )
        return tuple(words for met, words in told if not met)

    @property
    def sentence(self) -> str:
        verdict = "passed" if self.passed else f"NOT passed: {', '.join(self.missed)}"
        return (
            f"{self.scenario}, {self.cores} cores, {self.allocations} allocations: held-out error {self.mape:.1%}, "
            f"rank correlation {self.rank:.3f}, regret {self.regret:.1%} ({self.worst_regret:.1%} at worst"
            f"{self.luck}); {verdict}"
        )

    @property
    def luck(self) -> str:
        """How much of the regret is the luck of the best, in words."""
        if self.repeated != self.repeated:
            return ""
        return (
            f"; a second pass regrets the first one's best by {self.repeated:.1%}; {self.fair_regret:.1%} with luck out"
        )


def validate(grid: Grid, *, seed: int = 0, splits: int = SPLITS) -> Validation:
    """`splits` times: a third to fit, the rest to judge."""
    rng, n = np.random.default_rng(seed), len(grid)
    figures = []
    for _ in range(splits):
        order = rng.permutation(n)
        fitted, held = np.split(order, [round(n * FITTED)])
        figures.append(_judged(grid, fitted, held))
    mape, rank, missed, fair, again = np.array(figures).T
    return Validation(
        grid.scenario.name,
        grid.cores,
        n,
        float(mape.mean()),
        float(rank.mean()),
        float(missed.mean()),
        float(missed.max()),
        float(np.nanmean(fair)) if np.isfinite(fair).any() else float("nan"),
        grid.noise,
        float(np.nanmean(again)) if np.isfinite(again).any() else float("nan"),
    )


def _judged(grid: Grid, fitted: np.ndarray, held: np.ndarray) -> tuple[float, float, float, float, float]:
    from scipy.stats import spearmanr

    foretold = calibrate(grid, fitted).throughput(grid.allocation.take(held))
    truth, passes = grid.throughput[held], grid.passes[held]
    chosen = int(foretold.argmax())
    error = float(np.mean(np.abs(foretold - truth) / truth))
    rank = float(spearmanr(foretold, truth).statistic)
    return error, rank, float(1 - truth[chosen] / truth.max()), fair_regret(chosen, passes), repeated(passes)


def fair_regret(chosen: int, passes: FloatArray) -> float:
    """Of row `chosen` of `passes` (c, p); may be negative by chance. nan where it was not measured twice."""
    whole = _twice(passes)
    if not len(whole) or not np.isfinite(passes[chosen, :2]).all():
        return float("nan")
    return float(np.mean([1 - passes[chosen, b] / whole[whole[:, a].argmax(), b] for a, b in ((0, 1), (1, 0))]))


def repeated(passes: FloatArray) -> float:
    """Regret of the best of one pass by the other, both ways; nan with one pass."""
    whole = _twice(passes)
    if not len(whole):
        return float("nan")
    return float(np.mean([1 - whole[whole[:, a].argmax(), b] / whole[:, b].max() for a, b in ((0, 1), (1, 0))]))


def _twice(passes: FloatArray) -> FloatArray:
    """Rows that both passes measured."""
    if passes.shape[1] < 2:
        return passes[:0]
    return passes[np.isfinite(passes[:, :2]).all(axis=1), :2]
