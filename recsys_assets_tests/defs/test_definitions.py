"""The graph as Dagster sees it: it loads, loads lightly, and everything that opens the warehouse is in its pool."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from recsys_assets.definitions import FORKSERVER_PRELOAD, defs
from recsys_assets.defs.resources import DUCKDB_WRITER
from recsys_assets.recommenders import MODELS
from recsys_assets.settings import PROJECT_ROOT

HEAVY = ("torch", "mlflow", "great_expectations", "sklearn", "surprise", "streamlit", "matplotlib", "fastapi")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return defs()


def test_definitions_are_loadable(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_importing_the_code_location_loads_no_heavy_library() -> None:
    code = (
        "import sys, json; from recsys_assets.definitions import defs; defs(); "
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT)
    assert json.loads(loaded.stdout.splitlines()[-1]) == []


def test_what_the_fork_server_preloads_starts_no_thread_and_no_pool() -> None:
    code = (
        "import importlib, os, threading, warnings; warnings.simplefilter('ignore'); "
        f"[importlib.import_module(m) for m in {FORKSERVER_PRELOAD!r}]; "
        "native = [open(f'/proc/self/task/{t}/comm').read() for t in os.listdir('/proc/self/task')] "
        "if os.path.exists('/proc/self/task') else []; "
        "print(threading.active_count(), any(name.startswith(('polars-0', 'polars-1')) for name in native))"
    )
    counted = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT)
    assert counted.returncode == 0, counted.stderr
    assert counted.stdout.splitlines()[-1] == "1 False"


def test_every_model_has_an_asset_a_trial_a_blocking_check_and_a_champion(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    names = {k.to_user_string() for k in graph.get_all_asset_keys()}
    for model in MODELS:
        assert {model, f"{model}_trial", f"{model}_champion"} <= names
        key = dg.AssetCheckKey(dg.AssetKey(f"{model}_trial"), "beats_champion")
        assert graph.get(key).blocking


def test_every_asset_has_group_owner_kind_and_description(definitions: dg.Definitions) -> None:
    for spec in definitions.resolve_all_asset_specs():
        assert spec.group_name != "default", spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.description, spec.key
        assert spec.freshness_policy, spec.key


def test_everything_that_opens_the_warehouse_is_in_its_pool() -> None:
    touching = {
        (path.name, function.name): _pool_of(function)
        for path in sorted((PROJECT_ROOT / "recsys_assets" / "defs").glob("*.py"))
        for function in _decorated_that_reach(path, "Warehouse")
    }
    assert len(touching) >= 6, "the guard no longer finds the functions it guards"
    assert {name for name, pool in touching.items() if pool != "DUCKDB_WRITER"} == set()


def test_pool_names_reach_dagster(definitions: dg.Definitions) -> None:
    pools = {node.name: node.definition.pool for node in definitions.resolve_job_def("everything").graph.nodes}
    for name in ("raw_tables", "validated_tables", "catalogue", "data_snapshot", "raw_expectations"):
        assert pools[name] == DUCKDB_WRITER
    assert pools["svd"] is None


def test_the_nightly_schedule_runs_everything_at_two(definitions: dg.Definitions) -> None:
    nightly = definitions.resolve_schedule_def("nightly")
    assert (nightly.cron_schedule, nightly.job_name) == ("0 2 * * *", "everything")


def test_expectations_follow_from_the_declarations(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = {(k.asset_key.to_user_string(), k.name) for k in graph.asset_check_keys}
    from recsys_assets.quality import rules_of
    from recsys_assets.warehouse.tables import RATINGS

    assert {("ratings", rule.name) for rule in rules_of(RATINGS)} <= checks


def _decorated_that_reach(path: Path, name: str) -> list[ast.FunctionDef]:
    """Decorated functions of a module that use `name`, themselves or through functions of the module."""
    functions = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]
    names = {f.name: {n.id for line in f.body for n in ast.walk(line) if isinstance(n, ast.Name)} for f in functions}
    reaching = {f for f, used in names.items() if name in used}
    while more := {f for f, used in names.items() if f not in reaching and used & reaching}:
        reaching |= more
    return [f for f in functions if f.name in reaching and f.decorator_list]


def _pool_of(function: ast.FunctionDef) -> str | None:
    for decorator in function.decorator_list:
        for keyword in getattr(decorator, "keywords", []):
            if keyword.arg == "pool":
                return ast.unparse(keyword.value)
    return None
