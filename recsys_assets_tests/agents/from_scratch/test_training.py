"""Learning from nothing: every environment, its masks, a world whose best is known, and a run that diverges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.agents.dqn.config import NetworkConfig
from recsys_assets.agents.environments.logged_session import LoggedSessions, logged_sessions
from recsys_assets.agents.from_scratch.columns import Replays
from recsys_assets.agents.from_scratch.config import ENVIRONMENTS, Environment, ScratchConfig
from recsys_assets.agents.from_scratch.training import build_learner, columns_of, train_from_scratch
from recsys_assets.agents.from_scratch.watch import play
from recsys_assets.agents.setting import AgentSetting

SMALL = ScratchConfig(
    network=NetworkConfig(trunk=(32,), width=8, psi=16),
    steps=640,
    envs=16,
    batch_size=32,
    memory=400,
    learning_starts=64,
    evaluate_every=320,
    judged=(32, 8),
)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_trains_and_tells_its_speed(environment: Environment, setting: AgentSetting) -> None:
    told: list[str] = []
    result = train_from_scratch(environment, setting, SMALL, seed=1, device="cpu", progress=told.append)
    assert [look.steps for look in result.looks] == [0, 320, 640]
    assert (result.looks[0].epsilon, result.looks[-1].epsilon) == SMALL.epsilon
    assert result.steps == 640
    assert result.stopped == "all steps done"
    assert "steps per CPU second" in told[-1]
    assert result.best.reward == max(look.reward for look in result.looks)
    assert result.best.max_q <= result.bound
    assert environment in result.sentence
    again = train_from_scratch(environment, setting, SMALL, seed=1, device="cpu")
    assert all((again.arrays[name] == values).all() for name, values in result.arrays.items())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_may_not_be_shown_never_is(environment: Environment, setting: AgentSetting) -> None:
    """Whether it is chosen or explored; the environments' own masks are what it is held against."""
    columns = columns_of(environment, setting, "train")
    model = build_learner(columns, setting, SMALL, seed=2, device="cpu")
    stepped, broken = columns.step, []

    def watched(movies: np.ndarray) -> tuple:
        broken.append((~columns.allowed()[np.arange(len(movies)), movies]).sum())
        return stepped(movies)

    columns.step = watched  # type: ignore[method-assign]
    model.learn(320)
    assert len(broken) == 20
    assert sum(broken) == 0


def test_who_loves_which_genre_is_found_from_what_they_rated(setting: AgentSetting) -> None:
    """The planted world: a rated movie of the loved genre earns about +1, others about -1."""
    config = SMALL.model_copy(update={"steps": 4_000, "learning_rate": 2e-3, "gamma": 0.5, "memory": 4_000})
    result = train_from_scratch("RatedCatalogue-v0", setting, config, seed=1, device="cpu")
    assert result.chance == pytest.approx(0, abs=0.1)
    assert result.best.reward > max(result.chance, result.most_rated) + 0.15
    assert result.sentence.endswith(": more than the better of chance and the most rated")


def test_a_transition_keeps_what_followed_and_what_might_have(setting: AgentSetting) -> None:
    """Where a session ends, the state that follows is its own last one, not the first of who comes next."""
    columns = Replays(logged_sessions(setting, "train"))
    model = build_learner(columns, setting, SMALL.model_copy(update={"learning_starts": 10_000}), seed=3, device="cpu")
    model.learn(320)
    kept, rows = model.kept, np.arange(320)
    assert kept.ends[rows].any()
    share = columns.width - 1  # the share of the sequence that is over
    np.testing.assert_array_equal(kept.following[rows, share] == 1, kept.ends[rows])
    goes_on = np.flatnonzero(~kept.ends[:304])
    np.testing.assert_array_equal(kept.following[goes_on], kept.observations[goes_on + 16])
    allowed = np.unpackbits(kept.allowed[rows], axis=1, count=60)
    assert (allowed[goes_on, kept.movies[goes_on]] == 1).sum() > 0, "a guess that was wrong may be made again"


def test_columns_that_begin_again_are_as_if_they_had_been_reset(setting: AgentSetting) -> None:
    sessions = logged_sessions(setting, "train")
    rows = sessions.playable[:4]
    sessions.reset(rows)
    sessions.step(np.array([0, 1, 2, 3]))
    sessions.restart(np.array([1, 3]), sessions.playable[5:7])
    fresh: LoggedSessions = logged_sessions(setting, "train")
    np.testing.assert_array_equal(sessions.observations()[[1, 3]], fresh.reset(sessions.playable[5:7]))
    np.testing.assert_array_equal(sessions.targets()[[1, 3]], fresh.targets())
    assert (rows == sessions.playable[:4]).all()


def test_everyone_is_judged_on_the_same_sessions(setting: AgentSetting) -> None:
    """Who shows the movie watched next earns the most, and what others earn is measured on the same replays."""
    columns = columns_of("LoggedSession-v0", setting, "validation")
    assert isinstance(columns, Replays)
    first = [play(columns, lambda observations, allowed: columns.sessions.targets(), (32, 8), 1) for _ in range(2)]
    np.testing.assert_array_equal(first[0], first[1])
    assert ((first[0] >= 0.7) & (first[0] <= 1.0)).all()
    other = play(columns, lambda observations, allowed: allowed.argmax(axis=1), (32, 8), 1)
    assert (other <= first[0]).all()
    assert other.mean() < first[0].mean()


def test_what_training_came_to_is_said_as_it_is(setting: AgentSetting) -> None:
    result = train_from_scratch("RandomUsers-v0", setting, SMALL, seed=1, device="cpu")
    look = replace(result.looks[0], steps=320, reward=result.chance + 0.2, error=0.05)
    kept = (replace(look, steps=0, reward=-1.0), look)
    result = replace(result, looks=kept, most_rated=result.chance - 0.1)
    assert result.sentence.endswith(": more than the better of chance and the most rated")
    close = replace(result, looks=(kept[0], replace(look, error=0.2)))
    assert close.sentence.endswith("not clearly more than the better of chance and the most rated")
    nothing = replace(result, looks=(replace(look, steps=0), replace(look, reward=-1.0)))
    assert nothing.sentence.endswith("learning added nothing to how it began")


def test_a_diverging_run_stops_itself_and_says_so(setting: AgentSetting) -> None:
    told: list[str] = []
    config = SMALL.model_copy(update={"steps": 6_000, "learning_rate": 30.0, "max_grad_norm": 1e9})
    result = train_from_scratch("RandomUsers-v0", setting, config, seed=1, device="cpu", progress=told.append)
    assert "lower learning_rate" in result.stopped
    assert result.steps < 6_000
    assert "stopped at step" in told[-1]
