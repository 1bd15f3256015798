"""Fit the reward model: pairs of training users, members bagged by user, stopped and calibrated by validation users.

    loss = -weight * log sigmoid(r_better - r_worse) + centring * (r_better + r_worse)^2

The second term keeps rewards about 0 (Eisenstein et al., 2023), for pairs leave their level free. Each member sees each
user a Poisson(1) number of times, so that members differ where few users say something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.preferences.choices import ChoiceConfig, simulated_choices
from recsys_assets.agents.preferences.lessons import (
    Lesson,
    Seen,
    content_of,
    lesson_of,
    seen_by_all,
    seen_by_folds,
)
from recsys_assets.agents.preferences.opinions import Opinions
from recsys_assets.agents.preferences.pairs import PairConfig, Pairs, draw_pairs
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.preferences.view import LINEAR, View
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray

if TYPE_CHECKING:
    from recsys_assets.agents.preferences.network import RewardNetwork

RIDGE, PATIENCE = 1e-4, 2
"""On the starting weights, which stay small of hardly any pairs; and epochs without gain that a member waits for."""
BRIEF, BRIEF_SESSIONS = {"folds": 2, "cuts": 2, "epochs": 4}, 500
ASKING = Weights(popularity=1.0, doubt=0.2, variety=1.5)
"""Of the start that lists are drawn by where none is given: the first guess of `policies.tuned`."""


class RewardConfig(BaseModel, extra="forbid", frozen=True):
    """Of the reward model; defaults by few trials on validation users of ml-latest-small. `recsys evaluate-reward`
    says how far they are better than the movies' means."""

    pairs: PairConfig = PairConfig()
    choices: ChoiceConfig = ChoiceConfig()
    members: int = Field(default=3, ge=2)
    folds: int = Field(default=4, ge=2)
    """Of training users, each seen through what the others teach."""
    cuts: PositiveInt = 4
    """States of each user that rating pairs come from."""
    epochs: PositiveInt = 12
    """At most: a member stops where validation users' log loss is least."""
    batch_size: PositiveInt = 2048
    learning_rate: PositiveFloat = 2e-3
    weight_decay: NonNegativeFloat = 0.05
    centring: NonNegativeFloat = 0.01
    hidden: PositiveInt = 32
    width: PositiveInt = 8
    content: bool = False
    """Genres and text of movies in psi. Validation log loss on ml-latest-small: .624 with, .620 without."""
    caution: NonNegativeFloat = 1.0
    """Deviations of the members that the reward is lowered by."""

    def briefly(self) -> RewardConfig:
        """For an update that is to be quick: fewer moments of each person, fewer lists. On validation people of
        ml-latest-small it is worth the same, .6847 of pairs against .6844, in half the time."""
        less = {name: min(most, getattr(self, name)) for name, most in BRIEF.items()}
        choices = self.choices.model_copy(update={"sessions": min(BRIEF_SESSIONS, self.choices.sessions)})
        return self.model_copy(update={**less, "choices": choices})


def train_reward_model(
    setting: AgentSetting,
    config: RewardConfig | None = None,
    *,
    seed: int,
    weights: Weights = ASKING,
    feedback: Mapping[Group, Opinions] | None = None,
    progress: Progress = silent,
) -> RewardModel:
    """Learn from training users, stop and calibrate by validation users; `feedback`: of people of either group."""
    config, feedback = config or RewardConfig(), feedback or {}
    view = View.of(setting)
    taught = [
        *seen_by_folds(setting, folds=config.folds, cuts=config.cuts),
        *_more(setting, "train", config, seed, weights, feedback),
    ]
    judged = [
        seen_by_all(setting, "validation", cuts=config.cuts),
        *_more(setting, "validation", config, seed, weights, feedback),
    ]
    train = lesson_of(taught, config.pairs, seed=seed)
    validation = lesson_of(judged, config.pairs, seed=seed + 1)
    progress(f"reward model: {len(train):,} pairs of training users, {len(validation):,} of validation users")
    content = content_of(setting.world)[:, : None if config.content else 0]
    inputs = [np.concatenate([s.view.movie_inputs(content) for s in seen]) for seen in (taught, judged)]
    served = view.movie_inputs(content)
    members = tuple(
        fit_member((train, inputs[0]), (validation, inputs[1]), served, config, seed=seed + 1000 * n, progress=progress)
        for n in range(config.members)
    )
    model = RewardModel(setting.world.genre_names, setting.world.movies, members, caution=config.caution)
    return _scaled(_calibrated(model, judged, config, seed=seed + 1), judged)


def _more(
    setting: AgentSetting,
    group: Group,
    config: RewardConfig,
    seed: int,
    weights: Weights,
    feedback: Mapping[Group, Opinions],
) -> list[Seen]:
    """Beside ratings: simulated choices, and feedback."""
    view, found = View.of(setting), []
    if config.choices.sessions:
        share = min(1.0, len(setting.users[group]) / max(1, len(setting.users["train"])))
        asked = config.choices.model_copy(update={"sessions": max(1, round(share * config.choices.sessions))})
        found.append(Seen(view, simulated_choices(setting, group, weights, asked, seed=seed)))
    if group in feedback and len(feedback[group]):
        found.append(Seen(view, feedback[group]))
    return found


def paired_differences(model: RewardModel, seen: Seen, config: PairConfig, *, seed: int) -> tuple[FloatArray, Pairs]:
    """(p,) calibrated r of the better movie less that of the worse, and the pairs."""
    pairs = draw_pairs(seen.opinions, config, seed=seed)
    states = seen.states.take(pairs.states)
    return model.mean(seen.view, states, pairs.better) - model.mean(seen.view, states, pairs.worse), pairs


def fit_member(
    train: tuple[Lesson, FloatArray],
    validation: tuple[Lesson, FloatArray],
    served: FloatArray,
    config: RewardConfig,
    *,
    seed: int,
    progress: Progress = silent,
) -> dict[str, FloatArray]:
    """Arrays of one network. A lesson comes with the inputs of its movies; `served`: of the movies it is kept for."""
    import torch as th

    from recsys_assets.agents.preferences.network import RewardNetwork

    rng = np.random.default_rng(seed)
    generator = th.random.get_rng_state()
    th.manual_seed(seed)
    network = RewardNetwork(train[0].states.shape[1], served.shape[1], hidden=config.hidden, width=config.width)
    th.random.set_rng_state(generator)
    optimizer = th.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    kept_for = th.from_numpy(served)
    weights = _bagged(train[0], rng)
    network.start.data[:] = th.from_numpy(starting_weights(train[0], weights))
    kept = network.arrays(kept_for)
    if not (len(train[0]) and len(validation[0])):
        return kept  # nothing to learn from, or to stop by
    (best, right), since = _judged(network, validation), -1
    progress(f"reward model: start, log loss of validation pairs {best:.4f}, {right:.3f} right")
    for epoch in range(config.epochs):
        for rows in np.array_split(rng.permutation(len(weights)), max(1, len(weights) // config.batch_size)):
            better, worse = network.both(train[0].take(rows), train[1])
            weight = th.from_numpy(weights[rows])
            loss = -(weight * th.nn.functional.logsigmoid(better - worse)).sum() / weight.sum().clamp(min=1e-6)
            loss = loss + config.centring * (better + worse).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        lost, right = _judged(network, validation)
        progress(f"reward model: epoch {epoch + 1}, log loss of validation pairs {lost:.4f}, {right:.3f} right")
        if lost < best - 1e-5:
            best, kept, since = lost, network.arrays(kept_for), epoch
        elif epoch - since >= PATIENCE:
            break
    return kept


def starting_weights(lesson: Lesson, weights: FloatArray) -> FloatArray:
    """(2, LINEAR) of the best Bradley-Terry models of these numbers alone: of pairs that people picked, and of those
    they were asked about. `weights` (p,) of the pairs."""
    differences = (lesson.better - lesson.worse)[:, : len(LINEAR)].astype(np.float64)
    return np.stack([_bradley_terry(differences[rows], weights[rows]) for rows in (~lesson.asked, lesson.asked)])


def _bradley_terry(differences: NDArray[np.float64], weights: FloatArray) -> FloatArray:
    from scipy.optimize import minimize

    total = max(float(weights.sum()), 1e-6)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        off = differences @ w
        slope = -(weights / (1 + np.exp(off))) @ differences / total
        return float(weights @ np.logaddexp(0, -off)) / total + RIDGE * float(w @ w), slope + 2 * RIDGE * w

    found: FloatArray = minimize(loss, np.ones(len(LINEAR)), jac=True, method="L-BFGS-B").x.astype(np.float32)
    return found


def _judged(network: RewardNetwork, validation: tuple[Lesson, FloatArray]) -> tuple[float, float]:
    """Log loss of the pairs, and the share in the right order."""
    import torch as th

    with th.no_grad():
        better, worse = network.both(*validation)
        return float(-th.nn.functional.logsigmoid(better - worse).mean()), float((better > worse).float().mean())


def _bagged(lesson: Lesson, rng: np.random.Generator) -> FloatArray:
    """The pairs' weights times how often their user was drawn."""
    _, place = np.unique(lesson.people, return_inverse=True)
    drawn = rng.poisson(1.0, place.max(initial=-1) + 1)
    return (lesson.weights * drawn[place]).astype(np.float32)


def _calibrated(model: RewardModel, judged: Sequence[Seen], config: RewardConfig, *, seed: int) -> RewardModel:
    """With the temperature of least log loss on validation pairs (Guo et al., ICML 2017)."""
    from scipy.optimize import minimize_scalar

    found = np.concatenate([paired_differences(model, seen, config.pairs, seed=seed)[0] for seen in judged])
    if len(found) == 0:
        return model
    best = minimize_scalar(
        lambda log: float(np.logaddexp(0, -found / np.exp(log)).mean()), bounds=(-2, 2), method="bounded"
    )
    return replace(model, temperature=float(np.exp(best.x)))


def _scaled(model: RewardModel, judged: Sequence[Seen]) -> RewardModel:
    """With the lines from rewards to validation users' opinions, of picked and of asked movies."""
    lines: list[NDArray[np.float64] | None] = []
    for context in (False, True):
        parts = [_rewards_and_values(model, seen, context) for seen in judged]
        r, values = (np.concatenate([part[n] for part in parts]) for n in (0, 1))
        lines.append(np.polyfit(r, values, 1) if len(r) > 2 and np.ptp(r) > 1e-6 else None)
    offset, slope = np.zeros(2, dtype=np.float32), np.ones(2, dtype=np.float32)
    for place in (0, 1):
        line = lines[place] if lines[place] is not None else lines[1 - place]
        if line is not None:
            slope[place], offset[place] = line
    return replace(model, offset=offset, slope=slope)


def _rewards_and_values(model: RewardModel, seen: Seen, context: bool) -> tuple[FloatArray, FloatArray]:
    opinions = seen.opinions
    rows = np.flatnonzero(opinions.asked[opinions.states] == context)
    return model.mean(seen.view, seen.states.take(opinions.states[rows]), opinions.movies[rows]), opinions.values[rows]
