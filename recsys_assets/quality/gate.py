"""Whether a table may be published: what was last found of it decides, in whichever run that was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from recsys_assets.quality.history import history
from recsys_assets.quality.rules import Rule, rules_of
from recsys_assets.quality.stored import volume_rules
from recsys_assets.quality.units import told
from recsys_assets.settings import Settings
from recsys_assets.warehouse.declaration import Table


class UnsoundError(Exception):
    """A table broke a critical rule when it was last checked; says which, when, and what to do."""


@dataclass(frozen=True)
class BrokenRule:
    """The last verdict on a critical rule, where it is broken."""

    table: str
    rule: Rule
    observed: float | None
    run_id: str
    checked_at: str

    def __str__(self) -> str:
        found = told(self.observed, self.rule.unit)
        return (
            f"`{self.table}` broke `{self.rule.name}` ({self.rule.description}; found {found}, expected "
            f"{self.rule.expected}) in run {self.run_id} at {self.checked_at}"
        )


def require_sound(settings: Settings, tables: Iterable[Table]) -> None:
    """Raise UnsoundError where the last recorded verdict on a critical rule of a table is that it is broken.

    Reads what was recorded, nothing else. A rule that was never judged, or is declared no more, does not count.
    """
    broken = [b for table in tables for b in broken_rules(settings, table)]
    if broken:
        raise UnsoundError("; ".join(map(str, broken)) + f". {_remedy(broken)}")


def broken_rules(settings: Settings, table: Table) -> list[BrokenRule]:
    """Critical rules of a table whose last verdict is that they are broken, in the order of the declaration."""
    last = history(settings, table.name).unique("rule", keep="last").filter(~pl.col("passed"))
    verdicts = {row["rule"]: row for row in last.iter_rows(named=True)}
    return [
        BrokenRule(table.name, rule, found["observed"], found["run_id"], found["checked_at"])
        for rule in rules_of(table)
        if rule.severity == "critical" and (found := verdicts.get(rule.name))
    ]


def _remedy(broken: list[BrokenRule]) -> str:
    names = list(dict.fromkeys(b.table for b in broken))
    remedy = f"Mend the published files and re-materialize `{'`, `'.join(names)}` with their checks."
    lost = list(dict.fromkeys(b.table for b in broken if b.rule.name in volume_rules(b.table)))
    if not lost:
        return remedy
    accept = "; ".join(f"recsys quality accept {name}" for name in lost)
    return f"{remedy} Where the rows are meant to be gone, say so (`{accept}`) and run the checks again."
