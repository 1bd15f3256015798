"""What a benchmark found: a table in the terminal, and the same as markdown under `data/reports/benchmarks/`."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recsys_assets.atomic import write_text
from recsys_assets.settings import load_settings


def show(table: Table, name: str) -> Path:
    """Print `table` and `write` it."""
    Console(width=150).print(table)
    path = write(table, name)
    Console().print(f"[dim]{path}[/]", soft_wrap=True)
    return path


def write(table: Table, name: str) -> Path:
    """`<name>.md`; the title of `table` says the data and the protocol, the machine and date are added."""
    headers = [str(column.header) for column in table.columns]
    rows = [[str(cell) for cell in cells] for cells in zip(*(column.cells for column in table.columns), strict=True)]
    right = ["---:" if column.justify == "right" else "---" for column in table.columns]
    lines = [f"| {' | '.join(cells)} |" for cells in (headers, right, *rows)]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    parts = [f"# {table.title}", "\n".join(lines), str(table.caption or ""), f"{machine}, {when}."]
    path = load_settings().reports_dir / "benchmarks" / f"{name}.md"
    write_text(path, "\n\n".join(part for part in parts if part) + "\n")
    return path
