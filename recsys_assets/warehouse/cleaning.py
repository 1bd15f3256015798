"""How one table becomes validated: typed, keyed, referenced; a row that breaks a rule goes to `quarantine`.

The same input is not cleaned twice. Where files were added and nothing else changed, only their rows are typed, and
only the keys they share with rows that are there are decided anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import duckdb

from recsys_assets.progress import Progress
from recsys_assets.warehouse.cleaned import (
    Content,
    Inputs,
    added_files,
    content_of,
    inputs_of,
    record_state,
    stored_inputs,
    stored_state,
)
from recsys_assets.warehouse.cleaning_sql import (
    broken_rows_sql,
    columns_sql,
    losers_sql,
    pointing_nowhere_sql,
    quarantine_sql,
    ranked_sql,
    same_key,
    sound_rows_sql,
    typed_again_sql,
    typed_sql,
    unsound_rows_sql,
)
from recsys_assets.warehouse.database import WarehouseError
from recsys_assets.warehouse.ddl import recreate_table_sql
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.keys import has_repeats
from recsys_assets.warehouse.recipe import Recipe
from recsys_assets.warehouse.recipes import BUILT_WITH
from recsys_assets.warehouse.references import Target, targets
from recsys_assets.warehouse.sql import identifier, identifiers, literal
from recsys_assets.warehouse.staging import count
from recsys_assets.warehouse.storage import FILE_BITS, KEPT_AS_NUMBERS, odd, typed_view, whole
from recsys_assets.warehouse.tables import TABLES
from recsys_assets.warehouse.watching import watched

Change = Literal["rebuilt", "appended", "unchanged"]
KNOWN = {**TABLES, **{t.name: t for parts in BUILT_WITH.values() for t in parts}}
ROW_GROUP = 122_880
"""Rows that DuckDB stores as one piece, and reads by one thread."""
TIME_RULE = "timestamp_not_a_time"
"""Rows may break it today and not tomorrow."""


@dataclass(frozen=True)
class CleanReport:
    """`rows_in` = `rows_out` + all of `quarantined` (rule -> rows) + `left_out`."""

    table: str
    rows_in: int
    rows_out: int
    quarantined: Mapping[str, int]
    left_out: int = 0
    """Rows of a kind that the table is not for, e.g. episodes of series."""
    version: str = field(default="", compare=False)
    """16 hex digits that change when, and only when, the rows change, whatever their order."""
    first_event: datetime | None = field(default=None, compare=False)
    last_event: datetime | None = field(default=None, compare=False)
    change: Change = field(default="rebuilt", compare=False)
    """How it came about; the result is the same."""
    added: int = field(default=0, compare=False)
    """Rows more than before, or fewer."""


@dataclass(frozen=True)
class Cleaning:
    """Of one table, in a transaction that is open; at `latest` (UTC) its events may have happened."""

    con: duckdb.DuckDBPyConnection
    table: Table
    recipe: Recipe
    latest: datetime
    targets: tuple[Target, ...] = ()

    def run(self, progress: Progress) -> CleanReport:
        con, name = self.con, self.table.name
        raw = self.recipe.raw
        reads = f"{typed_sql(self.table, self.recipe)} {' '.join(r.table for r in self.table.references)}"
        inputs = inputs_of(con, self.table, raw, reads, KNOWN)
        state = stored_state(con, name)
        before = int(str(state["rows"])) if state else 0
        change = self._how(inputs, state)
        if change == "unchanged" and state:
            content, left_out = content_of(con, self.table), int(str(state["left_out"]))
        else:
            rows = count(con, identifier(raw.name))
            progress(f"{name}: cleaning {rows:,} rows")
            added = added_files(inputs, stored_inputs(state)) if state and change == "appended" else None
            grown = state is not None and inputs.upstream != stored_inputs(state).upstream
            with watched(con, f"{name}: cleaning", progress), targets(con, self.table) as there:
                in_parts = self.recipe.costly and rows <= ROW_GROUP
                recipe = replace(self.recipe, plain=self._is_plain(), in_parts=in_parts)
                cleaning = replace(self, recipe=recipe, targets=there)
                left_out = cleaning._rebuild() if added is None else cleaning._append(added, grown=grown)
            content = content_of(con, self.table)
            record_state(con, name, inputs, content, left_out)
        return self._report(content, left_out, change, content.rows - before)

    def _how(self, inputs: Inputs, state: Mapping[str, object] | None) -> Change:
        there = self.con.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = current_schema() AND table_name = ?", [self.table.name]
        ).fetchall()
        if state is None or not there:
            return "rebuilt"
        before = stored_inputs(state)
        waiting = count(self.con, f"quarantine WHERE table_name = {literal(self.table.name)} AND rule = '{TIME_RULE}'")
        if inputs == before and not waiting:
            return "unchanged"
        plain = bool(self.table.key) and not (self.recipe.join or self.recipe.where or waiting)
        if not plain or not added_files(inputs, before):
            return "rebuilt"
        return "appended" if inputs.upstream == before.upstream or self._still_known() else "rebuilt"

    def _is_plain(self) -> bool:
        raw = self.recipe.raw
        odd_texts = [f"count({odd(c)})" for c in raw.column_names if c in KEPT_AS_NUMBERS]
        query = f"SELECT {' + '.join(odd_texts) or '0'} FROM {identifier(typed_view(raw.name))}"
        return self.con.execute(query).fetchall() == [(0,)]

    def _still_known(self) -> bool:
        """Whether every row's references are there still; more of them may be."""
        return not any(
            count(
                self.con,
                f"{identifier(self.table.name)} t ANTI JOIN {identifier(r.table)} x "
                f"ON x.{identifier(r.target)} = t.{identifier(r.column)}",
            )
            for r in self.table.references
        )

    def _rebuild(self) -> int:
        con, name = self.con, identifier(self.table.name)
        con.execute(recreate_table_sql(self.table))
        con.execute("DELETE FROM quarantine WHERE table_name = ?", [self.table.name])
        columns = columns_sql(self.table)
        sound = self._sound_rows_sql()
        con.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM ({sound})")
        left_out = self._left_out()
        missing = count(con, identifier(self.recipe.raw.name)) - left_out - count(con, name)
        if missing:
            self._put_aside("true", expected=missing)
        if self.table.key and has_repeats(con, self.table.name, self.table.key):
            keys = identifiers(self.table.key)
            self._decide(f"SELECT {keys} FROM {name} GROUP BY ALL HAVING count(*) > 1")
        return left_out

    def _append(self, files: list[str], *, grown: bool) -> int:
        """Only rows of these files and, where what is referred to has `grown`, rows that pointed nowhere before."""
        rules = self._unknown_rules() if grown else "[]"
        con, name, keys = self.con, identifier(self.table.name), identifiers(self.table.key)
        with self._temporary("pending", f"AS {self._unknown_rows_sql(rules)}"):
            new = f"r.source_file IN ({', '.join(map(literal, files))})"
            where = f"{new} OR r.raw_row IN (SELECT raw_row FROM pending)" if count(con, "pending") else new
            con.execute(
                f"DELETE FROM quarantine WHERE table_name = ? AND rule IN (SELECT unnest({rules}::VARCHAR[]))",
                [self.table.name],
            )
            with self._temporary("fresh", f"AS {self._sound_rows_sql(where=where)}"):
                rows = count(con, f"{identifier(typed_view(self.recipe.raw.name))} r WHERE {where}")
                if rows > count(con, "fresh"):
                    self._put_aside(where, expected=rows - count(con, "fresh"))
                repeated = (
                    f"SELECT {keys} FROM fresh SEMI JOIN {name} USING ({keys}) "
                    f"UNION SELECT {keys} FROM fresh GROUP BY ALL HAVING count(*) > 1"
                )
                with self._temporary("clashing", f"AS {repeated}"):
                    columns = columns_sql(self.table)
                    con.execute(
                        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM fresh ANTI JOIN clashing USING ({keys})"
                    )
                    if count(con, "clashing"):
                        self._decide("FROM clashing")
        return 0

    def _sound_rows_sql(self, *, where: str = "true") -> str:
        return sound_rows_sql(self.table, self.recipe, self.latest, targets=self.targets, where=where)

    def _put_aside(self, where: str, *, expected: int) -> None:
        con = self.con
        again = typed_again_sql(self.table, self.recipe, "unsound_rows")
        with self._unsound_rows(where, expected), self._temporary("unsound", f"AS {again}"):
            broken = broken_rows_sql(self.table, self.latest, "unsound")
            before = count(con, "quarantine")
            con.execute(quarantine_sql(self.table, self.recipe.raw, broken))
            found = count(con, "quarantine") - before
        if found != expected:
            raise WarehouseError(
                f"{self.table.name}: {expected:,} rows were not taken, but {found:,} break a rule. A rule and its "
                "opposite disagree (warehouse/rules.py); nothing was changed."
            )

    @contextmanager
    def _unsound_rows(self, where: str, expected: int) -> Iterator[None]:
        """Rows not taken, as a temporary table. Where as many point nowhere as were not taken, it is these."""
        if self.targets:
            rows = pointing_nowhere_sql(self.table, self.recipe, targets=self.targets, where=where)
            with self._temporary("unsound_rows", f"AS {rows}"):
                if count(self.con, "unsound_rows") == expected:
                    yield
                    return
        rows = unsound_rows_sql(self.table, self.recipe, self.latest, targets=self.targets, where=where)
        with self._temporary("unsound_rows", f"AS {rows}"):
            yield

    def _decide(self, repeated: str) -> None:
        """Of all published rows of each `repeated` key one stays in the table, the others are put aside."""
        con, raw = self.con, self.recipe.raw
        name, keys, columns = identifier(self.table.name), identifiers(self.table.key), columns_sql(self.table)
        with self._temporary("disputed", f"AS {repeated}"):
            sound = self._sound_rows_sql(where=self._may_be_disputed())
            contested = f"AS SELECT s.* FROM ({sound}) s SEMI JOIN disputed USING ({keys})"
            with self._temporary("contested", contested):
                self._forget_duplicates()
                with self._temporary("ranked", f"AS {ranked_sql(self.table, raw, 'contested')}"):
                    con.execute(f"DELETE FROM {name} t USING disputed d WHERE {same_key(self.table, 't', 'd')}")
                    con.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM ranked WHERE place = 1")
                    con.execute(quarantine_sql(self.table, raw, losers_sql(raw, "ranked")))

    def _may_be_disputed(self) -> str:
        """Condition on `r` that every row of a disputed key meets: most others need not be typed."""
        numbers = [k for k in self.table.key if k in KEPT_AS_NUMBERS and k in self.recipe.raw.column_names]
        return (
            " AND ".join(
                f"(r.{whole(k)} IS NULL OR r.{whole(k)} IN (SELECT {identifier(k)} FROM disputed))" for k in numbers
            )
            or "true"
        )

    def _forget_duplicates(self) -> None:
        """Rows decided anew are not in quarantine for how they were decided before."""
        self.con.execute(
            "DELETE FROM quarantine q USING contested c, landed_files f "
            "WHERE q.table_name = ? AND q.rule = 'duplicate' "
            f"AND f.table_name = ? AND f.source_file = q.source_file "
            f"AND (f.position << {FILE_BITS}) + q.source_line = c.raw_row",
            [self.table.name, self.recipe.raw.name],
        )

    def _unknown_rules(self) -> str:
        return f"[{', '.join(literal(f'{r.column}_unknown') for r in self.table.references)}]"

    def _unknown_rows_sql(self, rules: str) -> str:
        return (
            f"SELECT (f.position << {FILE_BITS}) + q.source_line AS raw_row FROM quarantine q JOIN landed_files f "
            f"USING (source_file) WHERE f.table_name = {literal(self.recipe.raw.name)} "
            f"AND q.table_name = {literal(self.table.name)} "
            f"AND list_contains({rules}::VARCHAR[], q.rule)"
        )

    def _left_out(self) -> int:
        if not self.recipe.where:
            return 0
        source = f"{identifier(typed_view(self.recipe.raw.name))} r"
        return count(self.con, source) - count(self.con, f"{source} WHERE {self.recipe.where}")

    def _report(self, content: Content, left_out: int, change: Change, added: int) -> CleanReport:
        counts = self.con.execute(
            "SELECT rule, count(*) FROM quarantine WHERE table_name = ? GROUP BY rule ORDER BY rule", [self.table.name]
        ).fetchall()
        return CleanReport(
            self.table.name,
            rows_in=count(self.con, identifier(self.recipe.raw.name)),
            rows_out=content.rows,
            quarantined={str(rule): int(rows) for rule, rows in counts},
            left_out=left_out,
            version=content.version,
            first_event=content.first_event,
            last_event=content.last_event,
            change=change,
            added=added,
        )

    def _temporary(self, name: str, definition: str) -> _Temporary:
        return _Temporary(self.con, name, definition)


@dataclass(frozen=True)
class _Temporary:
    """A temporary table for the length of a block."""

    con: duckdb.DuckDBPyConnection
    name: str
    definition: str

    def __enter__(self) -> None:
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {self.name} {self.definition}")

    def __exit__(self, *_: object) -> None:
        self.con.execute(f"DROP TABLE IF EXISTS temp.{self.name}")
