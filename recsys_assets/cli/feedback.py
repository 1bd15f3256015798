"""Commands that bring feedback in: one event, or a file of them; and what became of it."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.common import FAILED, MISUSED, DatasetOption, JsonOption, out, print_json, settings_of, stop
from recsys_assets.shown import shown

CONFLICTS_SHOWN = 5
group = typer.Typer(help="What people did with movies: add, import, look.", no_args_is_help=True)


@group.command()
def add(
    user: Annotated[int, typer.Option("--user", "-u", min=1, help="Who.")],
    movie: Annotated[int, typer.Option("--movie", "-m", min=1, help="MovieLens id.")],
    action: Annotated[str, typer.Option("--action", "-a", help="like, watch, click, skip, ignore or rating.")],
    rating: Annotated[float | None, typer.Option(help="Stars, 0.5-5.0, with action rating.")] = None,
    text: Annotated[str | None, typer.Option(help="What they wrote.")] = None,
    event_id: Annotated[str | None, typer.Option(help="Idempotency key. [default: a new one]")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Add one event; it is on disk when the command ends, and the inbox sensor takes it."""
    from recsys_assets.feedback import EventError, Inbox, parse_event
    from recsys_assets.feedback.folders import Folders

    settings, now = settings_of(dataset), datetime.now(UTC)
    fields = {"event_id": event_id or uuid.uuid4().hex, "user_id": user, "movie_id": movie, "action": action}
    given = fields | {"rating": rating, "text": text, "timestamp": now.isoformat(), "policy": "command line"}
    try:
        event = parse_event(given).received(now)
    except EventError as error:
        stop(MISUSED, str(error))
    with Inbox(Folders.of(settings).inbox) as inbox:
        receipt = inbox.append([event])
    out.print(f"Added {event.event_id} to batch {receipt.segment}", highlight=False)


@group.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="NDJSON or parquet, an event a line or row.")],
    dataset: DatasetOption = None,
) -> None:
    """Check a file of events, say what is wrong with it, and put the good ones into the inbox."""
    from recsys_assets.feedback import Inbox, parse_event
    from recsys_assets.feedback.batches import BatchError, read_batch
    from recsys_assets.feedback.folders import Folders

    settings = settings_of(dataset)
    try:
        batch = read_batch(file.expanduser())
    except BatchError as error:
        stop(FAILED, str(error))
    except OSError as error:
        stop(MISUSED, f"{file} can't be read: {error.strerror}")
    for line, reason, _ in batch.refused.iter_rows():
        out.print(f"line {line}: {escape(shown(reason, most=1_000))}", highlight=False, soft_wrap=True)
    rows = batch.events.to_dicts()
    with Inbox(Folders.of(settings).inbox) as inbox:
        for start in range(0, len(rows), inbox.max_events):
            inbox.append([parse_event(row) for row in rows[start : start + inbox.max_events]])
    out.print(f"{len(rows):,} events are in the inbox, {len(batch.refused):,} were refused", highlight=False)
    if len(batch.refused):
        raise typer.Exit(FAILED)


@group.command()
def analyze(
    text: Annotated[str, typer.Argument(help="What somebody might write.")], as_json: JsonOption = False
) -> None:
    """Try what is read in a text by lexicon and rules: sentiment and aspects. Nothing is stored."""
    from recsys_assets.feedback.texts import read_text

    found = read_text(text)
    if as_json:
        print_json(asdict(found))
        return
    out.print(
        f"{found.label}: sentiment {found.sentiment:+.2f} (-1 to 1), confidence {found.confidence:.2f}", highlight=False
    )
    for what, names in (("praised", found.aspects.praised), ("criticized", found.aspects.criticized)):
        if names:
            out.print(f"{what}: {', '.join(names)}", highlight=False)


@group.command()
def status(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """What waits, what was taken, what was rejected and why."""
    from recsys_assets.feedback.status import feedback_status

    settings = settings_of(dataset)
    found = feedback_status(settings)
    if as_json:
        print_json(json.loads(found.to_json()))
        return
    table = RichTable(title=f"Feedback of {settings.dataset}", title_justify="left", show_header=False)
    table.add_row("batches waiting in the inbox", f"{len(found.waiting):,}")
    table.add_row("batches taken", f"{found.accepted_batches:,}")
    table.add_row("events taken", f"{found.events:,} by {found.users:,} people")
    table.add_row("by action", ", ".join(f"{action} {n:,}" for action, n in found.actions.items()) or "none yet")
    table.add_row("texts read", ", ".join(f"{label} {n:,}" for label, n in found.texts.items()) or "none yet")
    table.add_row("texts against what was stated", f"{len(found.conflicts):,}")
    table.add_row("batches rejected", f"{len(found.rejected):,}")
    out.print(table)
    for name, reason in found.rejected.items():
        out.print(escape(f"{shown(name)}: {shown(reason, most=1_000)}"), highlight=False, soft_wrap=True)
    for event in found.conflicts[:CONFLICTS_SHOWN]:
        out.print(f"event {event}: its text says the opposite of what was stated; the stated value counts")
    if found.waiting:
        out.print("The sensor `feedback_inbox` takes what waits; it runs with `make dev`.", highlight=False)
