"""A deployment's people, services and report: what a rehearsal of it needs beside the running platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_assets.agents.policies.simple import OraclePolicy
from recsys_assets.agents.policies.tuned import tune_belief_policy
from recsys_assets.agents.rehearsal.figures import rounds_figure
from recsys_assets.agents.rehearsal.people import People, PeopleConfig, nobody_known, people_after
from recsys_assets.agents.rehearsal.rivals import REFITTED, refitted_rival
from recsys_assets.agents.rehearsal.rounds import CHAMPION, FIRST_DAY, Rehearsal, RoundsConfig, measure
from recsys_assets.agents.rehearsal.service import Service, service_by, service_of
from recsys_assets.agents.setting import AgentSetting, production_setting
from recsys_assets.atomic import write_text
from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import load_model
from recsys_assets.recommenders.data import Ids, TrainingData, align_catalogue, align_people, histories_of
from recsys_assets.registry.export import champion_path
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake


@dataclass(frozen=True)
class Stage:
    """What a rehearsal plays on: `ratings` are those before any feedback."""

    settings: Settings
    setting: AgentSetting
    people: People
    ratings: pl.DataFrame

    def champion(self, agent: str) -> Service:
        """What is served now: the exported champion of `agent`."""
        path = champion_path(self.settings, agent)
        version = path.resolve().name
        return service_of(load_model(path), self.setting.world, self.setting.model, version=version)

    def rivals(self, *, seed: int, progress: Progress = silent) -> dict[str, Callable[[pl.DataFrame], Service]]:
        """The tuned re-ranker, refitted on the same feedback."""
        weights = tune_belief_policy(self.setting, seed=seed, progress=progress)
        return {REFITTED: refitted_rival(self.setting, self.ratings, weights)}

    def ceiling(self, config: RoundsConfig) -> float:
        """Mean return of who knows every taste and today's fashion."""
        simulator = self.people.simulator(self.people.held_out, nobody_known(len(self.people.held_out)))
        oracle = OraclePolicy(self.setting.world, simulator=simulator, popularity=1.0, variety=1.5)
        knows = service_by(oracle, self.setting.model, version="")
        return float(measure(self.people, knows, config, self.setting.config.rewards).mean())


def stage_of(
    settings: Settings, config: PeopleConfig | None = None, *, seed: int, progress: Progress = silent
) -> Stage:
    """People after the ratings published last."""
    lake = Lake(settings.lake_dir)
    ratings, catalogue = lake.read("ratings"), lake.read("catalogue")
    users = Ids.of(ratings["user_id"].to_numpy())
    movies = Ids.of(catalogue["movie_id"].to_numpy(), ratings["movie_id"].to_numpy())
    histories, aligned = histories_of(ratings, users, movies), align_catalogue(catalogue, movies)
    data = TrainingData(users, movies, histories, aligned, seed, progress, align_people(None, users))
    setting = production_setting(data)
    return Stage(settings, setting, people_after(setting, config, taken=users.values, seed=seed), ratings)


def write_rehearsal(stage: Stage, found: Rehearsal, config: RoundsConfig, *, seed: int) -> Path:
    """`data/reports/<dataset>/rehearsal.md` with its picture beside it."""
    folder, people = stage.settings.reports_dir / stage.settings.dataset, stage.people.config
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "rehearsal.png"
    aside = picture.with_suffix(".part")
    aside.write_bytes(png_bytes(rounds_figure(found, ceiling=stage.ceiling(config))))
    aside.replace(picture)
    rows = found.against(FIRST_DAY, seed=seed)
    lines = [
        f"# The loop rehearsed: {stage.settings.dataset}",
        "",
        f"{people.active} people gave feedback, a session a round; {people.held_out} others, who gave none, are "
        f"measured: mean true return of {config.sessions} sessions each, always the same. Tastes of today differ from "
        f"the ratings' by {people.genre_fashion:g} stars (genres) and {people.movie_fashion:g} (movies). Seed {seed}.",
        "",
        "![True return by round](rehearsal.png)",
        "",
        "| round | policy | version | return | against no retraining, 95 % interval |",
        "|---|---|---|---|---|",
        *(
            f"| {r['round']} | {r['arm']} | {r['version']} | {r['mean']:.3f} | "
            f"{r['difference']:+.3f} ({r['low']:+.3f} to {r['high']:+.3f}) |"
            for r in rows.iter_rows(named=True)
        ),
        "",
        "| round | events | what the platform did |",
        "|---|---|---|",
        *(f"| {n} | {e:,} | {s} |" for n, (e, s) in enumerate(zip(found.events, found.said, strict=True), start=1)),
        "",
        verdict(rows),
        "",
    ]
    path = folder / "rehearsal.md"
    write_text(path, "\n".join(lines))
    return path


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
