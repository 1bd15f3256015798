"""What a sequence model says of movies: taken as published only on its own ratings, blind to whoever judges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.items import item_inputs
from recsys_assets.agents.environments.logged_session import logged_sessions
from recsys_assets.agents.evaluation import publish
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.recommender import DqnAgentConfig
from recsys_assets.agents.sequence_features import (
    SequenceFeatures,
    frozen_vectors,
    principal_components,
    sequence_model,
    with_sequence_features,
)
from recsys_assets.agents.setting import AgentSetting, make_setting
from recsys_assets.recommenders.data import TrainingData
from recsys_assets.recommenders.models import build
from recsys_assets.settings import load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.agents.test_setting import CONFIG

TINY = {"dim": 8, "hidden": 8, "epochs": 1, "window": 20, "pipeline": {"prefetch": 0}}
FEATURES = SequenceFeatures(width=4, fit=TINY)


@pytest.fixture(scope="module")
def published(setting: AgentSetting, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version that was fitted on the training users, by settings that are nobody's defaults."""
    folder = tmp_path_factory.mktemp("export") / "gru4rec"
    build("gru4rec", TINY | {"dim": 6, "hidden": 5}).fit_data(setting.training).save(folder)
    return folder


def test_a_published_model_is_taken_where_it_was_fitted_on_the_same_ratings(
    setting: AgentSetting, published: Path
) -> None:
    told: list[str] = []
    data = replace(setting.training, progress=told.append)
    found = sequence_model(data, FEATURES, published=(published,))
    assert told == ["agents: movies as the published gru4rec holds them"]
    np.testing.assert_array_equal(frozen_vectors(found), frozen_vectors(type(found).load(published)))


def _one_rating_more(data: TrainingData) -> TrainingData:
    histories = data.histories
    ratings = histories.ratings.copy()
    ratings[5] = 5.5 - ratings[5]
    return replace(data, histories=replace(histories, ratings=ratings))


def _later(data: TrainingData) -> TrainingData:
    return replace(data, histories=replace(data.histories, timestamps=data.histories.timestamps + 1))


def _fewer_people(data: TrainingData) -> TrainingData:
    rows = np.arange(len(data.users) - 1)
    return replace(data, users=type(data.users)(data.users.values[rows]), histories=data.histories.take(rows))


@pytest.mark.parametrize("changed", [_one_rating_more, _later, _fewer_people])
def test_on_any_other_ratings_its_settings_are_fitted_anew(
    changed: object, setting: AgentSetting, published: Path
) -> None:
    told: list[str] = []
    data = replace(changed(setting.training), progress=told.append)  # type: ignore[operator]
    found = sequence_model(data, SequenceFeatures(fit={"epochs": 1}), published=(published,))
    assert "fitting gru4rec" in told[0]
    assert (found.config.dim, found.config.refit) == (6, "none")
    assert not np.array_equal(frozen_vectors(found), frozen_vectors(type(found).load(published)))


def test_ratings_of_people_who_judge_change_no_vector(setting: AgentSetting) -> None:
    """Planted: held-out and validation people now watch in the opposite order, and hate what they see."""
    interactions, catalogue = small_world()
    judges = setting.users["held_out"].tolist() + setting.users["validation"].tolist()
    spoilt = interactions.filter(interactions["user_id"].is_in(judges).not_()).vstack(
        interactions.filter(interactions["user_id"].is_in(judges)).with_columns(
            rating=0.5, timestamp=interactions.filter(interactions["user_id"].is_in(judges))["timestamp"].reverse()
        )
    )
    one, other = (
        with_sequence_features(make_setting(frame, catalogue, CONFIG, seed=5), FEATURES)
        for frame in (interactions, spoilt)
    )
    np.testing.assert_array_equal(one.world.sequence, other.world.sequence)
    assert one.world.sequence.shape == (60, 4)
    assert not np.array_equal(one.histories["held_out"].ratings, other.histories["held_out"].ratings)


def test_the_agent_and_replays_see_them(setting: AgentSetting) -> None:
    described = with_sequence_features(setting, FEATURES)
    weights = Weights(1.0, 0.0, 1.0)
    before = item_inputs(setting.world, setting.model, weights).features
    after = item_inputs(described.world, described.model, weights).features
    np.testing.assert_array_equal(after[:, :-4], before)
    scaled = described.world.sequence - described.world.sequence.mean(axis=0)
    np.testing.assert_allclose(after[:, -4:], np.clip(scaled / scaled.std(axis=0), -5, 5), atol=1e-4)
    replays = logged_sessions(described, "validation")
    row = replays.playable[0]
    last = replays.histories.take(np.array([row])).movies[replays.starts[row] - 1]
    np.testing.assert_array_equal(replays.reset(np.array([row]))[0, 16:20], described.world.sequence[last])
    assert with_sequence_features(setting, SequenceFeatures(model="none")) is setting


def test_the_report_judges_the_agent_that_the_asset_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same settings, and movies described by a sequence model: of training users, for others judge."""
    interactions, catalogue = small_world()
    settings = load_settings(dataset="synthetic").model_copy(update={"data_dir": tmp_path})
    lake = Lake(settings.lake_dir)
    lake.publish_frame(interactions, "ratings", upstream={})
    lake.publish_frame(catalogue, "catalogue", upstream={})
    agent = DqnAgentConfig(setting=CONFIG, sequence=FEATURES)
    asked: list[tuple[AgentSetting, DqnConfig]] = []

    def asks(setting: AgentSetting, dqn: DqnConfig, *_: object, **__: object) -> None:
        asked.append((setting, dqn))
        raise InterruptedError

    monkeypatch.setattr(publish, "report_agents", asks)
    with pytest.raises(InterruptedError):
        publish.publish_agent_report(settings, agent)
    (setting, dqn), alone = asked[0], publish.deployed_setting(settings, agent.setting)
    assert dqn == agent.dqn
    np.testing.assert_array_equal(setting.world.sequence, with_sequence_features(alone, agent.sequence).world.sequence)
    assert setting.world.sequence.shape == (60, 4)


def test_principal_components_are_those_of_the_singular_value_decomposition() -> None:
    vectors = np.random.default_rng(3).normal(size=(50, 6)) * np.array([9, 1, 5, 3, 0.1, 0.5])
    u, s, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    found = principal_components(vectors.astype(np.float32), 3)
    np.testing.assert_allclose(np.abs(found), np.abs(u * s)[:, :3], atol=1e-3)
    assert (found[np.abs(found).argmax(axis=0), np.arange(3)] > 0).all()
    wide = principal_components(vectors.astype(np.float32), 8)
    np.testing.assert_array_equal(wide[:, 6:], 0)
    np.testing.assert_array_equal(wide, principal_components(vectors.astype(np.float32), 8))
