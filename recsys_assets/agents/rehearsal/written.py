"""The rehearsal's report: who got what out of it, round by round, what the platform did, and what came of the bots."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys_assets.agents.rehearsal.bots import Bots
from recsys_assets.agents.rehearsal.people import PeopleConfig
from recsys_assets.agents.rehearsal.rounds import CHAMPION, FIRST_DAY, Rehearsal, RoundsConfig

Q_LEARNING = "Q-learning in a table, refitted on the same feedback"
CREDULOUS_ARM = "champion that believes everybody, never served"


@dataclass(frozen=True)
class Staged:
    """What the report says of the rehearsal beside what was measured."""

    dataset: str
    people: PeopleConfig
    rounds: RoundsConfig
    ceiling: float
    """Mean return of who knows every taste."""
    seed: int
    bots: Bots | None = None
    title: str = ""
    """Of the bots' movie."""
    gate: str = ""
    """What the gate says of the champion that believes everybody."""


def to_markdown(found: Rehearsal, staged: Staged, *, picture: str) -> str:
    """`picture`: address of the plot."""
    people, rows = staged.people, found.against(FIRST_DAY, seed=staged.seed)
    lines = [
        f"# The loop rehearsed: {staged.dataset}",
        "",
        f"{people.active} people gave feedback, a session a round; {people.held_out} others, who gave none, are "
        f"measured: mean true return of {staged.rounds.sessions} sessions each, always the same. Tastes of today "
        f"differ from the ratings' by {people.genre_fashion:g} stars (genres) and {people.movie_fashion:g} (movies). "
        f"Who knows every taste gets {staged.ceiling:.2f}. Seed {staged.seed}.",
        "",
        verdict(rows),
        "",
        f"![True return by round]({picture})",
        "",
        "| round | policy | version | return | against no retraining, 95 % interval |",
        "|---|---|---|---|---|",
        *(
            f"| {r['round']} | {r['arm']} | {r['version']} | {r['mean']:.3f} | "
            f"{r['difference']:+.3f} ({r['low']:+.3f} to {r['high']:+.3f}) |"
            for r in rows.iter_rows(named=True)
        ),
        "",
        *_of_bots(rows, staged),
        "| round | events | by bots | what the platform did |",
        "|---|---|---|---|",
        *(
            f"| {n} | {events:,} | {bots:,} | {said} |"
            for n, (events, bots, said) in enumerate(zip(found.events, found.by_bots, found.said, strict=True), start=1)
        ),
        "",
    ]
    return "\n".join(lines)


def verdict(rows: pl.DataFrame) -> str:
    """In plain words: did learning from feedback pay, and more than refitting what learns nothing by reinforcement?"""
    last = rows.filter(pl.col("round") == pl.col("round").max())
    own = last.row(by_predicate=pl.col("arm") == CHAMPION, named=True)
    told = "rose" if own["low"] > 0 else "fell" if own["high"] < 0 else "did not change beyond chance"
    sentence = (
        f"After {own['round']} rounds the return of people who gave no feedback {told}: {own['difference']:+.3f} "
        f"({own['low']:+.3f} to {own['high']:+.3f}) against no retraining."
    )
    others = last.filter(~pl.col("arm").is_in([CHAMPION, FIRST_DAY]))
    return " ".join([sentence, *(f"{r['arm']}: {r['difference']:+.3f}." for r in others.iter_rows(named=True))])


def _of_bots(rows: pl.DataFrame, staged: Staged) -> list[str]:
    bots = staged.bots
    if bots is None or not bots.config.accounts:
        return []
    shown = rows.filter(pl.col("round") == pl.col("round").max()).select("arm", "poisoned").rows()
    return [
        f"**Bots.** From round {bots.config.first_round} on {bots.config.accounts} accounts a round like and rate one "
        f"movie with five stars: {staged.title}, of the well known ones the one that people like least. In the last "
        f"round it is shown in {'; '.join(f'{share:.1%} of the sessions ({arm})' for arm, share in shown)}. "
        f"{staged.gate}".rstrip(),
        "",
    ]
