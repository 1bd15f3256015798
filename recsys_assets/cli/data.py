"""Commands about the data: which sets there are."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.common import JsonOption, out, print_json
from recsys_assets.progress import size_told
from recsys_assets.settings import load_settings


def datasets(as_json: JsonOption = False) -> None:
    """What there is to recommend from: size, licence, where it would come from, what is on disk."""
    from recsys_assets.sources.inventory import inventory

    listed = inventory(load_settings())
    if as_json:
        print_json(listed)
        return
    table = RichTable(title="Data sets", title_justify="left")
    for column in ("--dataset", "ratings", "download", "on disk"):
        table.add_column(column, justify="left" if column == "--dataset" else "right", no_wrap=True)
    for column in ("what", "from"):
        table.add_column(column, overflow="fold")
    for status in listed:
        found = status.dataset
        table.add_row(
            found.name,
            f"{found.ratings:,}" if found.ratings else "any",
            f"{found.megabytes:,} MB" if found.megabytes else "",
            size_told(status.bytes_on_disk) if status.bytes_on_disk else "",
            f"{found.title}: {found.description}",
            escape(status.origin),
        )
    out.print(table)
    for licence in dict.fromkeys(s.dataset.licence for s in listed):
        names = ", ".join(s.dataset.name for s in listed if s.dataset.licence == licence)
        out.print(f"[bold]{names}[/]: {escape(licence)}", highlight=False)
