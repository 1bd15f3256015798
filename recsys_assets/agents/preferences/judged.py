"""Is the reward model right about people that nothing was fitted on? Pairs, calibration, agreement with their ratings.

accuracy   share of held-out people's pairs in the right order (ties count half), beside the movies' means
ece        sum over bins of |foretold - came| weighted by size, each pair put in a random order first
spearman   rank correlation of reward and rating within a state, mean over states

Each person is met at `CUTS` moments of theirs; of each, up to `JUDGING.per_state` pairs are drawn and none is capped by
movie. A person's accuracy is that of their pairs, and they count as `WHOLE` pairs at most, so that nobody who rated
thousands of movies decides. Intervals are of a paired bootstrap over people.
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
from recsys_assets.recommenders.data import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JUDGING, CUTS, WHOLE = PairConfig(per_state=300, per_user=2_000, movie_share=1.0), 4, 200
BINS, LEAST_RATINGS, RESAMPLES = 10, 5, 2_000
MOST_ECE = 0.03
"""Above it chances are not to be trusted."""


@dataclass(frozen=True)
class RewardReport:
    """Of held-out people's rating pairs."""

    n_pairs: int
    n_users: int
    accuracy: float
    item_mean: float
    """Accuracy of the movies' mean rating by training users: the bar."""
    standing: float
    """Accuracy of the movies' level, where few ratings are drawn to what facts say: what the model starts from."""
    low: float
    high: float
    """95 % interval of `accuracy - item_mean`."""
    over_standing: tuple[float, float]
    """95 % interval of `accuracy - standing`."""
    ece: float
    reliability: FloatArray
    """(bins, 3) mean chance foretold, share that came, weight."""
    spearman: float

    @property
    def passed(self) -> bool:
        """Better than the movies' means beyond chance, and its chances are what they say."""
        return self.low > 0 and self.ece <= MOST_ECE

    @property
    def clearly_worse(self) -> bool:
        """Than the movies' means, beyond chance: an agent would learn less from it than from a table of means."""
        return self.high < 0

    @property
    def figures(self) -> dict[str, float]:
        """To be plotted over runs."""
        return {
            "pair_accuracy": self.accuracy,
            "item_mean_accuracy": self.item_mean,
            "gain_low": self.low,
            "gain_high": self.high,
            "standing_accuracy": self.standing,
            "calibration_error": self.ece,
            "spearman": self.spearman,
            "held_out_pairs": float(self.n_pairs),
        }

    @property
    def summary(self) -> str:
        return (
            f"{self.accuracy:.4f} of {self.n_pairs:,} pairs of {self.n_users} held-out people are in the right order, "
            f"{self.accuracy - self.item_mean:+.4f} ({self.low:+.4f} to {self.high:+.4f}) against the movies' means "
            f"({self.item_mean:.4f}; aimed at +.01), {self.accuracy - self.standing:+.4f} "
            f"({self.over_standing[0]:+.4f} to {self.over_standing[1]:+.4f}) against their level by facts "
            f"({self.standing:.4f}); calibration error {self.ece:.4f} (at most {MOST_ECE}); rank correlation with "
            f"ratings {self.spearman:.3f}"
        )


def judge_reward_model(
    model: RewardModel, setting: AgentSetting, group: Group = "held_out", *, seed: int, config: PairConfig = JUDGING
) -> RewardReport:
    """On the later ratings of the users of `group`, given their earlier ones."""
    seen = seen_by_all(setting, group, cuts=CUTS)
    found, pairs = paired_differences(model, seen, config, seed=seed)
    people = seen.opinions.people[pairs.states]
    means, level = item_means(setting), seen.view.leanings.level
    rights = np.stack(
        [ordered(d) for d in (found, *(by[pairs.better] - by[pairs.worse] for by in (means, level)))], axis=1
    )
    shares, weights = by_person(rights, people)
    accuracy, item_mean, standing = (weights @ shares / max(float(weights.sum()), 1e-9)).tolist()
    reliability, ece = _calibration(found, weight_of_pairs(people), seed=seed)
    low, high = _interval(shares[:, 0] - shares[:, 1], weights, seed=seed)
    return RewardReport(
        len(pairs),
        len(weights),
        accuracy,
        item_mean,
        standing,
        low,
        high,
        _interval(shares[:, 0] - shares[:, 2], weights, seed=seed),
        ece,
        reliability,
        _spearman(model, seen),
    )


def ordered(differences: FloatArray) -> FloatArray:
    """(p,) 1 where the better movie scores higher, 0 where it does not, half for ties."""
    return ((differences > 0) + 0.5 * (differences == 0)).astype(np.float32)


def item_means(setting: AgentSetting) -> FloatArray:
    """(n,) mean rating by training users; the mean of all where there is none."""
    histories, n = setting.training.histories, len(setting.world)
    counts = np.bincount(histories.movies, minlength=n)
    sums = np.bincount(histories.movies, histories.ratings, minlength=n)
    means: FloatArray = np.where(counts > 0, sums / np.maximum(counts, 1), histories.ratings.mean())
    return means


def by_person(rights: FloatArray, people: IntArray) -> tuple[FloatArray, FloatArray]:
    """(k, m) means of `rights` (p, m) over each person's pairs, and what each of the k persons counts."""
    _, place, counts = np.unique(people, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(place, column, minlength=len(counts)) for column in rights.T], axis=1)
    return (sums / counts[:, None]).astype(np.float32), np.minimum(counts, WHOLE).astype(np.float32)


def weight_of_pairs(people: IntArray) -> FloatArray:
    """(p,) so that each person's sum up to what they count."""
    _, place, counts = np.unique(people, return_inverse=True, return_counts=True)
    weights: FloatArray = (np.minimum(counts, WHOLE) / counts)[place].astype(np.float32)
    return weights


def reliability_figure(report: RewardReport) -> Figure:
    """Chances foretold against what came."""
    from recsys_assets.evaluation.canvas import blank, look_of, name_axis

    figure, axis = blank(4.8, 3.8, 1, 1, theme="light")
    axis.plot([0, 1], [0, 1], linewidth=0.8, linestyle=":", color=look_of(5, "light")[0])
    colour, marker = look_of(0, "light")
    axis.plot(report.reliability[:, 0], report.reliability[:, 1], color=colour, marker=marker)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="chance foretold", ylabel="share that came")
    name_axis(axis, "Pairs of held-out people", theme="light")
    return figure


def _interval(differences: FloatArray, weights: FloatArray, *, seed: int) -> tuple[float, float]:
    """95 % of the weighted mean over people, drawn anew with replacement."""
    if not len(differences):
        return float("nan"), float("nan")
    drawn = np.random.default_rng([seed, 5]).integers(0, len(differences), (RESAMPLES, len(differences)))
    means = (differences * weights)[drawn].sum(axis=1) / weights[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _calibration(differences: FloatArray, weights: FloatArray, *, seed: int) -> tuple[FloatArray, float]:
    """Bins of as many pairs. The order of each pair is drawn: the better one first would be foretold by its place."""
    if len(differences) == 0:
        return np.zeros((0, 3), dtype=np.float32), float("nan")
    first = np.random.default_rng(seed).random(len(differences)) < 0.5
    chance = 1 / (1 + np.exp(-np.where(first, differences, -differences)))
    bins = np.array_split(np.argsort(chance, kind="stable"), min(BINS, len(chance)))
    rows = np.array(
        [
            (np.average(chance[b], weights=weights[b]), np.average(first[b], weights=weights[b]), weights[b].sum())
            for b in bins
        ]
    )
    error = float((np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]).sum() / rows[:, 2].sum())
    return rows.astype(np.float32), error


def _spearman(model: RewardModel, seen: Seen) -> float:
    """Mean over states of `LEAST_RATINGS` and more hidden ratings that are not all alike."""
    from scipy.stats import rankdata

    opinions = seen.opinions
    rewards = model.mean(seen.view, seen.states.take(opinions.states), opinions.movies)
    order = np.argsort(opinions.states, kind="stable")
    cuts = np.flatnonzero(np.diff(opinions.states[order])) + 1
    found = []
    for own in np.split(order, cuts):  # once a held-out user and moment
        values = opinions.values[own]
        if len(own) >= LEAST_RATINGS and np.ptp(values) > 0 and np.ptp(rewards[own]) > 0:
            found.append(np.corrcoef(rankdata(values), rankdata(rewards[own]))[0, 1])
    return float(np.mean(found)) if found else float("nan")
