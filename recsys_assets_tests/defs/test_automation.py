"""What the automation condition requests, and what it holds back, as Dagster evaluates it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg
import pytest

from recsys_assets.defs.automation import ON_SOUND_INPUTS

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass
class World:
    """table (a critical and a warning check) -> published -> model, with the time and the daemon's cursor."""

    instance: dg.DagsterInstance
    critical_passes: bool = True
    warning_passes: bool = True
    ticks_under_way: list[list[str]] = field(default_factory=list)
    tick_in_published: bool = False
    _now: datetime = datetime(2030, 1, 1)
    _cursor: object = None

    def __post_init__(self) -> None:
        self.definitions = self._definitions()

    def run(self, selection: str, *, checks: bool = True) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def(f"{selection}{'' if checks else '_unchecked'}").execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def tick(self) -> list[str]:
        """Assets that the automation sensor requests now."""
        self._now += timedelta(minutes=1)
        found = dg.evaluate_automation_conditions(
            self.definitions, instance=self.instance, cursor=self._cursor, evaluation_time=self._now
        )
        self._cursor = found.cursor
        return [name for name in ("table", "published", "model") if found.get_requested_partitions(dg.AssetKey(name))]

    def _definitions(self) -> dg.Definitions:
        @dg.asset
        def table() -> None: ...

        @dg.asset(deps=[table], automation_condition=ON_SOUND_INPUTS)
        def published() -> None:
            if self.tick_in_published:
                self.ticks_under_way.append(self.tick())

        @dg.asset(deps=[published], automation_condition=ON_SOUND_INPUTS)
        def model() -> None: ...

        @dg.multi_asset_check(
            specs=[
                dg.AssetCheckSpec("in_range", asset="table", blocking=True),
                dg.AssetCheckSpec("has_not_drifted", asset="table"),
            ]
        )
        def expectations() -> Iterator[dg.AssetCheckResult]:
            for name, passed, severity in (
                ("in_range", self.critical_passes, dg.AssetCheckSeverity.ERROR),
                ("has_not_drifted", self.warning_passes, dg.AssetCheckSeverity.WARN),
            ):
                yield dg.AssetCheckResult(asset_key="table", check_name=name, passed=passed, severity=severity)

        selected = {
            "everything": dg.AssetSelection.all(),
            "table": dg.AssetSelection.assets("table"),
            "table_unchecked": dg.AssetSelection.assets("table").without_checks(),
            "checks": dg.AssetSelection.checks_for_assets("table"),
            "downstream": dg.AssetSelection.assets("published", "model"),
        }
        return dg.Definitions(
            assets=[table, published, model],
            asset_checks=[expectations],
            jobs=[dg.define_asset_job(name, selection=selection) for name, selection in selected.items()],
        )


@pytest.fixture
def world() -> Iterator[World]:
    with dg.DagsterInstance.ephemeral() as instance:
        found = World(instance)
        found.tick()
        yield found


def _materialized(result: dg.ExecuteInProcessResult) -> list[str]:
    return [e.asset_key.to_user_string() for e in result.get_asset_materialization_events() if e.asset_key]


def test_a_new_table_whose_checks_pass_is_followed_once(world: World) -> None:
    world.run("table")
    assert world.tick() == ["published", "model"]
    world.run("downstream")
    assert world.tick() == []


def test_a_failing_critical_check_stops_its_own_run_and_every_other(world: World) -> None:
    world.run("everything")
    assert world.tick() == []
    world.critical_passes = False
    stopped = world.run("everything")
    assert not stopped.success
    assert _materialized(stopped) == ["table"]
    assert world.tick() == []
    world.run("table")
    assert world.tick() == []


@pytest.mark.parametrize("mended_by", ["table", "checks"])
def test_what_was_held_back_is_requested_once_the_check_passes(world: World, mended_by: str) -> None:
    world.run("everything")
    assert world.tick() == []
    world.critical_passes = False
    world.run("table")
    assert world.tick() == []
    world.critical_passes = True
    world.run(mended_by)
    assert world.tick() == ["published", "model"]
    world.run("downstream")
    assert world.tick() == []


def test_a_failing_warning_holds_nothing_back_in_this_run_or_another(world: World) -> None:
    world.warning_passes = False
    followed = world.run("everything")
    assert followed.success
    assert _materialized(followed) == ["table", "published", "model"]
    world.tick()
    world.run("table")
    assert world.tick() == ["published", "model"]


def test_checks_that_never_ran_on_what_the_table_holds_now_hold_back(world: World) -> None:
    world.run("table", checks=False)
    assert world.tick() == []
    world.run("everything")
    assert world.tick() == []
    world.run("table", checks=False)
    assert world.tick() == []
    world.run("checks")
    assert world.tick() == ["published", "model"]


def test_a_run_of_everything_is_not_followed_by_another(world: World) -> None:
    world.tick_in_published = True
    for _ in range(2):
        assert world.run("everything").success
        assert world.tick() == []
        assert world.tick() == []
    assert world.ticks_under_way == [[], []]


def test_a_night_that_stopped_at_a_check_is_made_good_by_the_next(world: World) -> None:
    world.run("everything")
    world.critical_passes = False
    world.run("everything")
    assert world.tick() == []
    world.critical_passes = True
    assert world.run("everything").success
    assert world.tick() == []
