"""Train a DQN from nothing in one environment, and say what it earns beside chance and the most rated movies.

Learned on training users, looked at on validation users: the same sessions at every look and for every rival. What is
judged is the reward of a shown movie, as sessions of logs are as long as their user's log. The best look is kept, and a
run whose Q-values pass what is possible stops itself and says so. This is what environments alone can teach: the agent
that people are served starts from a supervised policy (`agents.dqn`), and learns where states hold a belief of tastes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from stable_baselines3.common.logger import Logger

from recsys_assets.agents.environments.logged_session import logged_sessions
from recsys_assets.agents.environments.random_users import RandomUsersSessions
from recsys_assets.agents.environments.rated_catalogue import rated_catalogue
from recsys_assets.agents.from_scratch.columns import Columns, ColumnsVecEnv, Ratings, Replays, Strangers
from recsys_assets.agents.from_scratch.config import Environment, ScratchConfig
from recsys_assets.agents.from_scratch.learner import MaskedDQN, MovieDQNPolicy
from recsys_assets.agents.from_scratch.watch import ScratchLook, ScratchWatch, play
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, IntArray
from recsys_assets.recommenders.device import Device, repeatable, torch_device

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINED = 1
"""Of the seeds of who comes; `watch.JUDGED` is another."""


@dataclass(frozen=True)
class ScratchResult:
    """What training in one environment gave; rewards of a shown movie, validation users."""

    environment: Environment
    looks: tuple[ScratchLook, ...]
    chance: float
    most_rated: float
    steps: int
    steps_per_second: float
    """Per CPU second, updates and looks included."""
    stopped: str
    """Why it ended."""
    bound: float
    """The most that a Q-value can be."""
    arrays: dict[str, FloatArray]
    """The network of the best look, by the names of its parts."""

    @property
    def best(self) -> ScratchLook:
        return max(self.looks, key=lambda look: look.reward)

    @property
    def sentence(self) -> str:
        """What came of it, in plain words."""
        best, bar = self.best, max(self.chance, self.most_rated)
        if best.steps == 0:
            came = "learning added nothing to how it began"
        elif best.reward - bar > 2 * best.error:
            came = "more than the better of chance and the most rated"
        else:
            came = "not clearly more than the better of chance and the most rated"
        return (
            f"From nothing, in {self.environment}: {best.reward:.3f} a movie at step {best.steps:,} (chance "
            f"{self.chance:.3f}, the most rated {self.most_rated:.3f}, the difference's s.e. {best.error:.3f}): {came}"
        )

    def figure(self) -> Figure:
        """Reward, loss, Q scale and exploration over steps."""
        from recsys_assets.agents.from_scratch.curves import scratch_figure

        return scratch_figure(self)


def columns_of(environment: Environment, setting: AgentSetting, group: Group) -> Columns:
    """Sessions of people of `group`; of made-up people where the environment has no others."""
    if environment == "LoggedSession-v0":
        return Replays(logged_sessions(setting, group))
    if environment == "RatedCatalogue-v0":
        return Ratings(rated_catalogue(setting, group))
    return Strangers(RandomUsersSessions(setting.world.features))


def movie_columns(setting: AgentSetting) -> FloatArray:
    """(n, d) what is known of movies: content, renown, and what a sequence model says, of unit deviation."""
    columns = [setting.world.features, setting.world.popularity[:, None], setting.world.sequence]
    features = np.concatenate(columns, axis=1)
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-3)
    return np.clip(scaled, -5, 5).astype(np.float32)


def train_from_scratch(
    environment: Environment,
    setting: AgentSetting,
    config: ScratchConfig | None = None,
    *,
    seed: int,
    device: Device = "auto",
    progress: Progress = silent,
) -> ScratchResult:
    """Train on training users of `setting`."""
    config = config or ScratchConfig()
    model = build_learner(columns_of(environment, setting, "train"), setting, config, seed=seed, device=device)
    judged = columns_of(environment, setting, "validation")
    known, rng = setting.world.popularity, np.random.default_rng(seed)

    def by_chance(observations: FloatArray, allowed: np.ndarray) -> IntArray:
        found: IntArray = np.where(allowed, rng.random(allowed.shape), -1).argmax(axis=1)
        return found

    def most_rated(observations: FloatArray, allowed: np.ndarray) -> IntArray:
        found: IntArray = np.where(allowed, known, -1).argmax(axis=1)
        return found

    rivals = {act: play(judged, act, config.judged, seed) for act in (by_chance, most_rated)}
    chance, renown = (float(rewards.mean()) for rewards in rivals.values())
    progress(f"dqn in {environment}: reward of a movie by chance {chance:.3f}, of the most rated {renown:.3f}")
    bar = max(rivals.values(), key=lambda rewards: float(rewards.mean()))
    watch = ScratchWatch(judged, config, bar, seed=seed, progress=progress, bound=model.bound)
    cpu, wall = time.process_time(), time.monotonic()
    with repeatable(model.device):
        model.learn(config.steps, callback=watch, log_interval=config.steps)
    watch.look()
    speed = model.num_timesteps / max(1e-9, time.process_time() - cpu)
    ended = watch.stopped or "all steps done"
    progress(
        f"dqn: {ended}; {model.num_timesteps:,} steps in {time.monotonic() - wall:.0f} s, {speed:,.0f} steps per CPU "
        "second"
    )
    return ScratchResult(
        environment,
        tuple(watch.looks),
        chance,
        renown,
        model.num_timesteps,
        speed,
        ended,
        model.bound,
        watch.best,
    )


def build_learner(
    columns: Columns, setting: AgentSetting, config: ScratchConfig, *, seed: int, device: Device = "auto"
) -> MaskedDQN:
    """The untrained agent."""
    features, (first, last) = movie_columns(setting), config.epsilon
    model = MaskedDQN(
        MovieDQNPolicy,
        ColumnsVecEnv(columns, config.envs, n_movies=len(features), seed=seed * 10 + TRAINED),
        learning_rate=config.learning_rate,
        buffer_size=config.envs,  # SB3's own replay is not used
        learning_starts=config.learning_starts,
        batch_size=config.batch_size,
        gamma=config.gamma,
        train_freq=1,
        target_update_interval=config.target_every,
        exploration_fraction=0.5,
        exploration_initial_eps=first,
        exploration_final_eps=last,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs={"network": {"features": features, "config": config.network}},
        seed=seed,
        device=torch_device(device),
        memory=config.memory,
        renown=setting.world.popularity**config.explore_known,
        bound=max(abs(columns.best), abs(columns.worst)) / (1 - config.gamma),
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model
