"""Is the reward model right about people that nothing was fitted on? Pairs, calibration, agreement with their ratings.

accuracy   share of held-out users' pairs in the right order (ties count half), beside the movies' means
ece        sum over bins of |foretold - came| weighted by size, each pair put in a random order first
spearman   rank correlation of reward and rating within a user, mean over users
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.agents.preferences.lessons import Seen, seen_by_all
from recsys_assets.agents.preferences.pairs import PairConfig
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.preferences.training import paired_differences
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.recommenders.data import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS, LEAST_RATINGS = 10, 5
MOST_ECE = 0.03
"""Above it chances are not to be trusted, and the model is not used."""


@dataclass(frozen=True)
class RewardReport:
    """Of held-out users' rating pairs."""

    n_pairs: int
    n_users: int
    accuracy: float
    item_mean: float
    """Accuracy of the movies' mean rating by training users."""
    taste: float
    """Accuracy of expected stars, without the reward model."""
    ece: float
    reliability: FloatArray
    """(bins, 3) mean chance foretold, share that came, pairs."""
    spearman: float

    @property
    def passed(self) -> bool:
        return self.accuracy > self.item_mean and self.ece <= MOST_ECE

    @property
    def summary(self) -> str:
        return (
            f"{self.accuracy:.4f} of {self.n_pairs:,} pairs of {self.n_users} held-out users are in the right order, "
            f"{self.accuracy - self.item_mean:+.4f} against the movies' means ({self.item_mean:.4f}; wanted: above 0, "
            f"aimed at +.01); calibration error {self.ece:.4f} (at most {MOST_ECE}); rank correlation with ratings "
            f"{self.spearman:.3f}"
        )


def judge_reward_model(
    model: RewardModel, setting: AgentSetting, group: Group = "held_out", *, seed: int, config: PairConfig | None = None
) -> RewardReport:
    """On the later ratings of the users of `group`, given their earlier ones."""
    seen = seen_by_all(setting, group)
    found, pairs = paired_differences(model, seen, config or PairConfig(), seed=seed)
    means = _item_means(setting)
    rows = seen.opinions.observations[pairs.states][:, setting.layout.taste_mean]
    taste = setting.model.rate(rows, pairs.better) - setting.model.rate(rows, pairs.worse)
    reliability, ece = _calibration(found, seed=seed)
    return RewardReport(
        len(pairs),
        len(np.unique(pairs.states)),
        right(found),
        right(means[pairs.better] - means[pairs.worse]),
        right(taste),
        ece,
        reliability,
        _spearman(model, seen),
    )


def right(differences: FloatArray) -> float:
    """Share of pairs whose better movie scores higher; ties count half."""
    return float(np.mean((differences > 0) + 0.5 * (differences == 0))) if len(differences) else float("nan")


def reliability_figure(report: RewardReport) -> Figure:
    """Chances foretold against what came."""
    from recsys_assets.evaluation.canvas import blank, look_of, name_axis

    figure, axis = blank(4.8, 3.8, 1, 1, theme="light")
    axis.plot([0, 1], [0, 1], linewidth=0.8, linestyle=":", color=look_of(5, "light")[0])
    colour, marker = look_of(0, "light")
    axis.plot(report.reliability[:, 0], report.reliability[:, 1], color=colour, marker=marker)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="chance foretold", ylabel="share that came")
    name_axis(axis, "Pairs of held-out users", theme="light")
    return figure


def _calibration(differences: FloatArray, *, seed: int) -> tuple[FloatArray, float]:
    """Bins of equal size. The order of each pair is drawn: the better one first would be foretold by its place."""
    if len(differences) == 0:
        return np.zeros((0, 3), dtype=np.float32), float("nan")
    first = np.random.default_rng(seed).random(len(differences)) < 0.5
    chance = 1 / (1 + np.exp(-np.where(first, differences, -differences)))
    bins = np.array_split(np.argsort(chance, kind="stable"), min(BINS, len(chance)))
    rows = np.array([(chance[b].mean(), first[b].mean(), len(b)) for b in bins])
    error = float((np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]).sum() / rows[:, 2].sum())
    return rows.astype(np.float32), error


def _spearman(model: RewardModel, seen: Seen) -> float:
    """Mean over users of `LEAST_RATINGS` and more hidden ratings that are not all alike."""
    from scipy.stats import rankdata

    opinions = seen.opinions
    rows, asked = opinions.observations[opinions.states], opinions.asked[opinions.states]
    rewards = model.mean(seen.view, rows, opinions.movies, asked=asked)
    order = np.argsort(opinions.states, kind="stable")
    cuts = np.flatnonzero(np.diff(opinions.states[order])) + 1
    found = []
    for own in np.split(order, cuts):  # once a held-out user
        values = opinions.values[own]
        if len(own) >= LEAST_RATINGS and np.ptp(values) > 0 and np.ptp(rewards[own]) > 0:
            found.append(np.corrcoef(rankdata(values), rankdata(rewards[own]))[0, 1])
    return float(np.mean(found)) if found else float("nan")


def _item_means(setting: AgentSetting) -> FloatArray:
    """(n,) mean rating by training users; the mean of all where there is none."""
    histories, n = setting.training.histories, len(setting.world)
    counts = np.bincount(histories.movies, minlength=n)
    sums = np.bincount(histories.movies, histories.ratings, minlength=n)
    means: FloatArray = np.where(counts > 0, sums / np.maximum(counts, 1), histories.ratings.mean())
    return means
