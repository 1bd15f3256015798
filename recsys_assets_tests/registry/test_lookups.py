"""Names and numbers looked up: any text may be asked for, and hundreds of versions cost no more than two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from recsys_assets.registry import NotRegisteredError, Registry, RegistryError, RunRecord
from recsys_assets.registry.export import champion_path, promote, rollback, write_default

Record = Callable[..., RunRecord]
QUOTED = ("o'brien", 'the "best"', "a'b\"c`d", "x' OR name LIKE '%")


@contextmanager
def _statements() -> Iterator[list[str]]:
    """SQL that is sent to any database meanwhile."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    sent: list[str] = []

    def note(_con: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_many_versions_are_listed_in_as_many_queries_as_one(registry: Registry, record: Record) -> None:
    from mlflow import MlflowClient

    registry.record(record())
    client = MlflowClient(registry.settings.mlflow_uri, registry.settings.mlflow_uri)
    first = registry.version("popularity", 1)
    like = client.get_run(first.run_id)
    with _statements() as of_one:
        assert registry.versions("popularity") == [first]
    for _ in range(40):
        run = client.create_run(like.info.experiment_id, tags=like.data.tags)
        client.create_model_version("synthetic.popularity", like.info.artifact_uri, run.info.run_id)
    with _statements() as of_many:
        versions = registry.versions("popularity")
    assert [v.version for v in versions] == list(range(41, 0, -1))
    assert len({v.run_id for v in versions}) == 41
    assert all(v.content == first.content for v in versions)
    assert len(of_many) == len(of_one)


def test_a_quote_in_a_name_is_part_of_the_name(registry: Registry, record: Record) -> None:
    registry.record(record())
    promote(registry, "popularity", 1)
    for name in QUOTED:
        assert registry.versions(name) == []
        assert registry.find(name, "champion") is None
        assert registry.find("popularity", name) is None
        with pytest.raises(NotRegisteredError, match="is registered"):
            registry.version(name, 1)
        with pytest.raises(NotRegisteredError, match="is registered"):
            rollback(registry, name)
        with pytest.raises(RegistryError, match="no version"):
            registry.version("popularity", name)
        with pytest.raises(NotRegisteredError, match="champions are popularity"):
            champion_path(registry.settings, name)


def test_what_lies_beside_the_champions_is_none(registry: Registry, record: Record) -> None:
    registry.record(record())
    promote(registry, "popularity", 1)
    write_default(registry.settings, "popularity", "the only one")
    home = registry.settings.champion_dir
    (home.parent / "x").mkdir()
    names = ("default.json", "../x", ".versions", ".promotion.lock", ".", "..", str(home / "popularity"))
    for name in (*names, ".versions/popularity/1", "popularity/", "popularity/manifest.json", "popularity\0"):
        with pytest.raises(NotRegisteredError, match="champions are popularity"):
            champion_path(registry.settings, name)
    write_default(registry.settings, "../x", "written by hand")
    with pytest.raises(NotRegisteredError, match="champions are popularity"):
        champion_path(registry.settings)
