"""Whether the calibrated model may be believed: fitted on a third of a measured grid, judged on the rest.

    MAPE = mean |X^ - X| / X;   rank = Spearman(X^, X);   regret = 1 - X(argmax X^) / max X, all on held-out allocations

The maximum of noisy figures is too high: of a hundred allocations that are alike, one always shines. So where there are
two passes, the best is taken from one and its figure, and that of the model's choice, from the other.
The bars were set before: MAPE <= 15 %, rank >= 0.9, regret <= 5 %. What does not pass is not asked further.
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
    noise: float
    """How far two passes over the same allocation are apart, as a share (median): no model is better than that."""

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
            f"rank correlation {self.rank:.3f}, regret {self.regret:.1%} ({self.worst_regret:.1%} at worst); {verdict}"
        )


def validate(grid: Grid, *, seed: int = 0, splits: int = SPLITS) -> Validation:
    """`splits` times: a third to fit, the rest to judge."""
    rng, n = np.random.default_rng(seed), len(grid)
    figures = []
    for _ in range(splits):
        order = rng.permutation(n)
        fitted, held = np.split(order, [round(n * FITTED)])
        figures.append(_judged(grid, fitted, held))
    mape, rank, missed = np.array(figures).T
    means = (float(mape.mean()), float(rank.mean()), float(missed.mean()), float(missed.max()))
    return Validation(grid.scenario.name, grid.cores, n, *means, grid.noise)


def _judged(grid: Grid, fitted: np.ndarray, held: np.ndarray) -> tuple[float, float, float]:
    from scipy.stats import spearmanr

    foretold = calibrate(grid, fitted).throughput(grid.allocation.take(held))
    truth = grid.throughput[held]
    error = float(np.mean(np.abs(foretold - truth) / truth))
    return error, float(spearmanr(foretold, truth).statistic), regret(int(foretold.argmax()), grid.passes[held], truth)


def regret(chosen: int, passes: FloatArray, truth: FloatArray) -> float:
    """Of row `chosen`; `passes` (c, p), `truth` (c,). Not negative in expectation, though it may be by chance."""
    whole = passes[np.isfinite(passes).all(axis=1)]
    if passes.shape[1] < 2 or not np.isfinite(passes[chosen]).all() or not len(whole):
        return float(1 - truth[chosen] / truth.max())
    ways = [(here, 1 - here) for here in (0, 1)]
    return float(np.mean([1 - passes[chosen, there] / whole[whole[:, here].argmax(), there] for here, there in ways]))
