"""Several at once: promotions wait for each other, and leave alias, link and export in agreement."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry import ModelVersion, Registry, RunRecord
from recsys_assets.registry.export import champion_path, champions, promote
from recsys_assets.registry.trial import VALIDATION_METRIC, choose_default
from recsys_assets.settings import PROJECT_ROOT

Record = Callable[..., RunRecord]
PATIENCE = 3
"""Seconds in which another promotion would be through, did it not wait."""

TURNS = """
import sys
from recsys_assets.registry import Registry
from recsys_assets.registry.export import promote
from recsys_assets.settings import load_settings

data, models, model, *versions = sys.argv[1:]
registry = Registry(load_settings(data_dir=data, models_dir=models, dataset="synthetic"))
registry.versions_of_all()
print("ready", flush=True)
sys.stdin.readline()
for version in versions:
    promote(registry, model, int(version))
"""
"""A process that promotes versions of a model in turn, once it is told to."""


class _Interrupted(Registry):
    """Lets something happen between the alias and the link of a promotion, or before a list of champions is used."""

    meanwhile: Callable[[], None]

    def set_alias(self, model: str, alias: str, version: int) -> None:
        super().set_alias(model, alias, version)
        self.meanwhile()

    def with_alias(self, alias: str) -> list[ModelVersion]:
        found = super().with_alias(alias)
        self.meanwhile()
        return found


def _agree(registry: Registry) -> dict[str, int]:
    """Model -> the champion on which alias, link and export agree."""
    exported = {c.model: c for c in champions(registry.settings)}
    for model, champion in exported.items():
        assert [v.version for v in registry.versions(model) if "champion" in v.aliases] == [champion.version]
        assert champion.manifest == read_manifest(registry.artifact(model, "champion", part="serving"))
    left = [p.name for p in registry.settings.champion_dir.rglob(".*") if p.suffix in (".part", ".link")]
    assert left == []
    return {model: champion.version for model, champion in exported.items()}


def test_processes_that_promote_at_once_all_succeed_and_agree(registry: Registry, record: Record) -> None:
    for model in ("popularity", "content"):
        for run, favourite in (("a", 1), ("b", 2)):
            registry.record(replace(record(f"{model}-{run}", favourite), model=model))
    folders = [str(registry.settings.data_dir), str(registry.settings.models_dir)]
    command = [sys.executable, "-W", "ignore", "-c", TURNS, *folders]
    started = [
        subprocess.Popen(
            [*command, *turn],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for turn in (["popularity", "1", "2"], ["content", "1", "2"])
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def meanwhile() -> None:
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        with suppress(subprocess.TimeoutExpired):  # they wait for us
            started[0].wait(timeout=PATIENCE)

    interrupted = _Interrupted(registry.settings)
    interrupted.meanwhile = meanwhile
    promote(interrupted, "popularity", 1)
    ended = [(p.communicate(timeout=120)[1], p.returncode) for p in started]
    assert [code for _, code in ended] == [0, 0], ended
    assert _agree(registry) == {"content": 2, "popularity": 2}


def test_two_first_exports_of_one_version_both_succeed(
    registry: Registry, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.record(record())
    faults: list[BaseException] = []
    copy = shutil.copytree

    def promote_too() -> None:
        try:
            promote(registry, "popularity", 1)
        except Exception as error:  # any fault is what the test looks for
            faults.append(error)

    other = threading.Thread(target=promote_too)

    def copy_and_be_overtaken(*args: Any, **kwargs: Any) -> Any:
        copied = copy(*args, **kwargs)
        if threading.current_thread() is not other:
            other.start()
            other.join(timeout=PATIENCE)
        return copied

    monkeypatch.setattr(shutil, "copytree", copy_and_be_overtaken)
    promote(registry, "popularity", 1)
    other.join()
    assert faults == []
    assert _agree(registry) == {"popularity": 1}


def test_a_promotion_meanwhile_is_not_forgotten_by_the_choice_of_the_default(
    registry: Registry, record: Record
) -> None:
    assert VALIDATION_METRIC in record().metrics
    registry.record(record("worse", ndcg=0.1))
    registry.record(replace(record("better", ndcg=0.2), model="content"))
    promote(registry, "popularity", 1)

    def promote_the_better() -> None:
        promote(registry, "content", 1)
        choose_default(registry)

    other = threading.Thread(target=promote_the_better)

    def meanwhile() -> None:
        other.start()
        other.join(timeout=PATIENCE)  # it waits for us

    interrupted = _Interrupted(registry.settings)
    interrupted.meanwhile = meanwhile
    choose_default(interrupted)
    other.join()
    assert champion_path(registry.settings) == champion_path(registry.settings, "content")
