"""How fast drops are generated, and in how much memory: `pytest -m benchmark recsys_assets_tests/benchmarks -s`.

`RECSYS_BENCHMARK_RATINGS=26024289` writes The Movies Dataset at its published size.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table as RichTable

from recsys_assets.settings import PROJECT_ROOT
from recsys_assets_tests.benchmarks.tables import show

pytestmark = pytest.mark.benchmark

_GENERATE = """
import sys, time
from pathlib import Path
from recsys_assets.sources.synthetic.layouts import LAYOUTS, sized, write_drop
from recsys_assets_tests.benchmarks.peak import peak_mb
layout = LAYOUTS[sys.argv[1]]
config = sized(layout, ratings=int(sys.argv[2]))
started = time.perf_counter()
files = write_drop(layout, config, Path(sys.argv[3]))
seconds = time.perf_counter() - started
print(seconds, peak_mb() * 2**20, sum(f.stat().st_size for f in files))
"""


@pytest.mark.timeout(3600)
def test_generating_many_ratings(tmp_path: Path) -> None:
    asked = int(os.environ.get("RECSYS_BENCHMARK_RATINGS", "5000000"))
    table = RichTable(title=f"{asked:,} ratings, {os.cpu_count()} cores", title_justify="left")
    table.add_column("layout")
    for column in ("seconds", "ratings a second", "MB written", "peak memory, MB"):
        table.add_column(column, justify="right")
    for layout in ("ml-10m", "movies-dataset"):
        Console().print(f"[dim]generating {layout}: {asked:,} ratings ...[/]")
        process = subprocess.run(  # a process of its own: its peak is not that of what ran before
            [sys.executable, "-c", _GENERATE, layout, str(asked), str(tmp_path / layout)],
            check=True,
            capture_output=True,
            text=True,
            cwd=PROJECT_ROOT,
        )
        seconds, peak, size = map(float, process.stdout.split())
        table.add_row(layout, f"{seconds:.1f}", f"{asked / seconds:,.0f}", f"{size / 1e6:,.0f}", f"{peak / 1e6:,.0f}")
        assert peak < 3e9
    show(table, "generate")
