"""Slow knobs: what is better is found, noise is not taken, and what changes a model only where a config follows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys_assets.loading.pipeline import PipelineConfig
from recsys_assets.settings import Settings, load_settings
from recsys_assets.tuner.batch_size import BatchSizes, SizeRun, publish_sizes
from recsys_assets.tuner.published import with_tuned_pipeline
from recsys_assets.tuner.slow import (
    KINDS,
    Measure,
    Rate,
    SlowTuning,
    candidates,
    named,
    publish_slow,
    published_slow,
    search,
    slow_markdown,
    tune_slow,
)
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world

AWAY = PipelineConfig(engine="streaming", source="snapshot", store_latency=0.1)


def planted(gains: dict[str, float], *, noise: float, seed: int) -> Measure:
    """A training that makes 1,000 ratings a second, times the gain of each knob that is set."""
    rng = np.random.default_rng(seed)

    def measure(knobs: dict[str, int], seconds: float) -> Rate:
        gain = np.prod([gains.get(f"{name} {value}", 1.0) for name, value in knobs.items()])
        return Rate(float(1000 * gain * np.exp(noise * rng.normal())), 0.0)

    return measure


def test_what_is_better_is_found_and_taken() -> None:
    tried = candidates(AWAY, cores=2, threads=2)
    for seed in range(20):
        best, found, log = search(planted({"read_ahead 4": 1.5}, noise=0.03, seed=seed), tried, seconds=60)
        assert best["read_ahead"] == 4
        assert found.worth_it
        assert 0.35 < found.gain < 0.65
        assert log[0].rung == 0
        assert sum(t.rung == 0 for t in log) == len(tried)


def test_noise_is_not_taken() -> None:
    tried = candidates(AWAY, cores=2, threads=2)
    taken = [search(planted({}, noise=0.1, seed=seed), tried, seconds=60)[1].worth_it for seed in range(200)]
    assert np.mean(taken) <= 0.05


def test_each_round_keeps_the_better_half() -> None:
    gains = {f"chunk_users {n}": 1 + n / 1000 for n in (128, 2048)}
    _, _, log = search(planted(gains, noise=0.0, seed=0), [{"chunk_users": n} for n in (1, 128, 2048, 4)], seconds=60)
    assert [(t.setting, t.kept) for t in log if t.rung == 0] == [
        ("chunk users 1", False),
        ("chunk users 128", True),
        ("chunk users 2048", True),
        ("chunk users 4", False),
    ]
    assert [t.setting for t in log if t.rung == 1] == ["chunk users 2048", "chunk users 128"]


def test_in_memory_only_torch_has_threads_to_try_and_every_candidate_is_a_pipeline() -> None:
    assert candidates(PipelineConfig(), cores=4, threads=2) == [{"torch_threads": 1}, {"torch_threads": 4}]
    assert candidates(PipelineConfig(), cores=2, threads=2) == [{"torch_threads": 1}], "two are the default already"
    assert candidates(PipelineConfig(), cores=1, threads=1) == []
    every = candidates(AWAY, cores=2, threads=2)
    assert {name for knobs in every for name in knobs} == set(KINDS)
    for knobs in every:
        PipelineConfig.model_validate(AWAY.model_dump() | knobs)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RECSYS_TRAINING_STORAGE", "object-store")
    return load_settings(dataset="synthetic").model_copy(update={"data_dir": tmp_path})


def test_what_changes_a_model_is_taken_only_where_a_config_follows_it(settings: Settings) -> None:
    changed = {"read_ahead": 4, "chunk_users": 128, "torch_threads": 2}
    publish_slow(settings, SlowTuning("sasrec", "object-store", changed, True, "planted"))
    runs = tuple(SizeRun(n, seed, 0.002, 1, 0.3, 1 / n, 1.0, 1.0, 0.0, 0.3) for n in (16, 64) for seed in (1, 2))
    publish_sizes(settings, BatchSizes("sasrec", "synthetic", 16, 1, "sqrt", runs))

    def taken(*follow: str, model: str = "sasrec") -> dict[str, object]:
        found = with_tuned_pipeline(settings, {"pipeline": {"follow": list(follow)}}, model=model)
        own = {"engine", "source", "store_latency", "follow"}
        return {k: v for k, v in found["pipeline"].items() if k not in own} | {
            k: v for k, v in found.items() if k != "pipeline"
        }

    assert taken() == {"read_ahead": 4}
    assert taken("row_groups") == {"read_ahead": 4, "chunk_users": 128}
    assert taken("torch_threads") == {"read_ahead": 4, "torch_threads": 2}
    followed = taken("batch_size")
    assert followed["batch_size"] == 64
    assert followed["learning_rate"] == pytest.approx(2 * 2e-3)
    assert taken("batch_size", model="gru4rec") == {"read_ahead": 4}
    publish_slow(settings, SlowTuning("sasrec", "object-store", changed, False, "chance"))
    assert taken("row_groups", "torch_threads") == {}


def test_a_real_training_is_searched_and_the_log_tells_every_try(settings: Settings) -> None:
    interactions, catalogue = small_world()
    lake = Lake(settings.lake_dir)
    lake.publish_frame(interactions, "ratings", upstream={})
    lake.publish_frame(catalogue, "catalogue", upstream={})
    own = PipelineConfig(engine="streaming", source="snapshot", store_latency=0.002, chunk_users=8)
    found = tune_slow(settings, own, seconds=1.0)
    assert published_slow(settings) == {"object-store": found}
    assert all(t.ratings_per_second > 0 for t in found.log)
    table = slow_markdown(found)
    assert all(named(knobs) in table for knobs in candidates(own, cores=1, threads=1)[:3])
    with pytest.raises(ValueError, match="no sequence model"):
        tune_slow(settings, own, model="ease")


def test_on_one_core_from_memory_there_is_nothing_to_try(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    interactions, catalogue = small_world()
    lake = Lake(settings.lake_dir)
    lake.publish_frame(interactions, "ratings", upstream={})
    lake.publish_frame(catalogue, "catalogue", upstream={})
    monkeypatch.setattr("recsys_assets.tuner.slow.cores_at_hand", lambda: 1)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    found = tune_slow(settings, PipelineConfig(), seconds=1.0)
    assert (found.worth_it, found.log) == (False, ())
    assert "no other setting" in slow_markdown(found)
