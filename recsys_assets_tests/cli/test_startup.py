from __future__ import annotations

import subprocess
import sys

HEAVY = ("polars", "numpy", "pandas", "duckdb", "dagster", "mlflow", "great_expectations", "sklearn", "pyarrow")


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    """`recsys --help` and every misuse answer at once."""
    code = f"import sys, recsys_assets.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "recsys_assets.cli", "--version"], capture_output=True, check=True)
    assert done.stdout.strip()
