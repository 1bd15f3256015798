"""The audit trail: every act once, whoever did it, and nothing lost with a killed writer."""

from __future__ import annotations

from collections.abc import Callable

from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry import Registry, RunRecord
from recsys_assets.registry.audit import audit_entries, audit_path, audit_table
from recsys_assets.registry.export import challengers, export_challenger, promote, rollback

Record = Callable[..., RunRecord]


def two_versions(registry: Registry, record: Record) -> None:
    for run, favourite in (("a", 1), ("b", 2)):
        registry.record(record(run, favourite))


def test_promotions_and_rollbacks_are_written_down_with_who_and_why(registry: Registry, record: Record) -> None:
    two_versions(registry, record)
    promote(registry, "popularity", 1, by="run 7", why="the first", figures={"ndcg": 0.1})
    promote(registry, "popularity", 2, by="run 8", why="better")
    rollback(registry, "popularity", by="ann@desk", why="complaints")
    acts = [(e.act, e.version, e.before, e.by, e.why) for e in audit_entries(registry.settings)]
    assert acts == [
        ("promoted", 1, None, "run 7", "the first"),
        ("promoted", 2, 1, "run 8", "better"),
        ("rolled_back", 1, 2, "ann@desk", "complaints"),
    ]
    first = audit_entries(registry.settings)[0]
    assert first.figures == {"ndcg": 0.1}
    assert first.made_from["ratings_version"] == "r1"
    assert registry.version("popularity", 2).tags["promoted_why"] == "better"
    assert registry.version("popularity", 2).tags["withdrawn_by"] == "ann@desk"


def test_an_act_by_hand_names_the_person(registry: Registry, record: Record) -> None:
    registry.record(record())
    promote(registry, "popularity", 1)
    assert "@" in audit_entries(registry.settings)[0].by


def test_repeating_a_promotion_adds_nothing_and_completes_what_was_killed(registry: Registry, record: Record) -> None:
    two_versions(registry, record)
    promote(registry, "popularity", 1)
    promote(registry, "popularity", 1)
    assert len(audit_entries(registry.settings)) == 1
    registry.set_alias("popularity", "champion", 2)  # killed after the alias, before the line
    promote(registry, "popularity", 2)
    assert [e.version for e in audit_entries(registry.settings)] == [1, 2]


def test_a_torn_line_is_left_out_and_the_next_is_whole(registry: Registry, record: Record) -> None:
    two_versions(registry, record)
    promote(registry, "popularity", 1)
    path = audit_path(registry.settings)
    path.write_bytes(path.read_bytes() + b'{"at": "2026')
    promote(registry, "popularity", 2)
    assert [e.version for e in audit_entries(registry.settings)] == [1, 2]


def test_the_table_has_the_newest_first_and_filters_by_model(registry: Registry, record: Record) -> None:
    assert audit_table([]).is_empty()
    two_versions(registry, record)
    promote(registry, "popularity", 1)
    promote(registry, "popularity", 2)
    assert audit_table(audit_entries(registry.settings))["version"].to_list() == [2, 1]
    assert audit_entries(registry.settings, "svd") == []


def test_a_challenger_stands_beside_the_champion_until_it_is_promoted(registry: Registry, record: Record) -> None:
    two_versions(registry, record)
    promote(registry, "popularity", 1)
    link = export_challenger(registry, registry.version("popularity", 2))
    assert challengers(registry.settings) == {"popularity": link.resolve()}
    assert read_manifest(link)["model"] == "popularity"
    promote(registry, "popularity", 2)
    assert challengers(registry.settings) == {}


def test_only_the_newest_challenger_is_kept(registry: Registry, record: Record) -> None:
    two_versions(registry, record)
    for version in (1, 2):
        export_challenger(registry, registry.version("popularity", version))
    assert [p.name for p in (registry.settings.challenger_dir / ".versions" / "popularity").iterdir()] == ["2"]
