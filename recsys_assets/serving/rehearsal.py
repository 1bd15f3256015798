"""A deployment's people, services and report: what a rehearsal of it needs beside the running platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from recsys_assets.agents.answering import SessionAgent
from recsys_assets.agents.evaluation.publish import deployed_setting
from recsys_assets.agents.evaluation.served import of_today, simulated_returns
from recsys_assets.agents.judges import teaching
from recsys_assets.agents.policies.simple import OraclePolicy
from recsys_assets.agents.policies.tuned import tune_belief_policy
from recsys_assets.agents.preferences.levels import moved_levels
from recsys_assets.agents.q_learning import fit_q_learning
from recsys_assets.agents.rehearsal.bots import CREDULOUS, Bots
from recsys_assets.agents.rehearsal.figures import rounds_figure
from recsys_assets.agents.rehearsal.people import People, PeopleConfig, nobody_known, people_after
from recsys_assets.agents.rehearsal.rivals import REFITTED, of_people, refitted_rival
from recsys_assets.agents.rehearsal.rounds import Rehearsal, RoundsConfig, measure
from recsys_assets.agents.rehearsal.service import Service, service_by, service_of
from recsys_assets.agents.rehearsal.written import CREDULOUS_ARM, Q_LEARNING, Staged, to_markdown
from recsys_assets.agents.setting import AgentSetting, production_setting
from recsys_assets.atomic import write_text
from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.feedback.training_data import published_feedback
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import load_model
from recsys_assets.recommenders.data import Ids, TrainingData, align_catalogue, align_people, histories_of
from recsys_assets.registry.export import champion_path
from recsys_assets.registry.floors import Floor, return_floor
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake

ORACLES = ((1.0, 1.5), (2.0, 1.5), (2.0, 2.5), (3.0, 2.5))
"""Weights of renown and variety, in stars, that are tried for who knows every taste."""


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

    def rivals(self, agent: str, *, seed: int, progress: Progress = silent) -> dict[str, Callable[..., Service]]:
        """The tuned re-ranker and Q-learning in a table, refitted on the feedback that teaches; and `agent` without any
        bound on whom it hears, where it has levels to be moved."""
        weights = tune_belief_policy(self.setting, seed=seed, progress=progress)
        refit = refitted_rival(self.setting, self.ratings, weights)
        arms: dict[str, Callable[..., Service]] = {
            REFITTED: lambda feedback: refit(of_people(teaching(feedback, seed=self.settings.seed))),
            Q_LEARNING: lambda feedback: self._q_learning(feedback, seed=seed),
        }
        if isinstance(load_model(champion_path(self.settings, agent)), SessionAgent):
            arms[CREDULOUS_ARM] = lambda feedback: self._service(self.credulous(agent, feedback), feedback)
        return arms

    def _q_learning(self, feedback: pl.DataFrame, *, seed: int) -> Service:
        """Taught by simulated people who think of movies as feedback tells."""
        told = teaching(feedback, seed=self.settings.seed)
        model = moved_levels(self.setting.model, self.setting.world.movies, told)
        policy = fit_q_learning(replace(self.setting, model=model), seed=seed)
        return service_by(policy, model, version=f"{len(feedback):,} events")

    def credulous(self, agent: str, feedback: pl.DataFrame) -> SessionAgent:
        """The champion with the levels that `feedback` tells of to who believes everybody."""
        served = load_model(champion_path(self.settings, agent))
        assert isinstance(served, SessionAgent)
        told = teaching(feedback, seed=self.settings.seed)
        return served.believing(moved_levels(served.taste, served.movies, told, trust=CREDULOUS))

    def gate(self, agent: str, challenger: SessionAgent) -> Floor:
        """What the gate would say of the simulated return of `challenger`, beside the champion, of today's feedback."""
        events = published_feedback(Lake(self.settings.lake_dir)).events
        today = of_today(deployed_setting(self.settings), events)
        found = simulated_returns(today, challenger, load_model(champion_path(self.settings, agent)))
        share = self.settings.gate_return_margin
        return return_floor(found.difference, challenger=found.challenger, champion=found.champion, share=share)

    def ceiling(self, config: RoundsConfig) -> float:
        """Mean return of who knows every taste and today's fashion, with the best of `ORACLES`."""
        simulator = self.people.simulator(self.people.held_out, nobody_known(len(self.people.held_out)))
        found = []
        for popularity, variety in ORACLES:
            oracle = OraclePolicy(self.setting.world, simulator=simulator, popularity=popularity, variety=variety)
            knows = service_by(oracle, self.setting.model, version="")
            found.append(float(measure(self.people, knows, config, self.setting.config.rewards).mean()))
        return max(found)

    def title(self, movie: int) -> str:
        return str(self.setting.world.catalogue["title"][movie])

    def _service(self, agent: SessionAgent, feedback: pl.DataFrame) -> Service:
        return service_of(agent, self.setting.world, agent.taste, version=f"{len(feedback):,} events")


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
    taken = [*users.values.tolist(), *published_feedback(lake).events["user_id"].to_list()]
    return Stage(settings, setting, people_after(setting, config, taken=taken, seed=seed), ratings)


def write_rehearsal(
    stage: Stage,
    found: Rehearsal,
    config: RoundsConfig,
    *,
    seed: int,
    bots: Bots | None = None,
    gate: str = "",
    name: str = "rehearsal",
) -> Path:
    """`data/reports/<dataset>/<name>.md` with its picture beside it. `gate`: what it says of who believes bots."""
    folder = stage.settings.reports_dir / stage.settings.dataset
    folder.mkdir(parents=True, exist_ok=True)
    ceiling, picture = stage.ceiling(config), folder / f"{name}.png"
    aside = picture.with_suffix(".part")
    first = bots.config.first_round if bots and bots.config.accounts else None
    aside.write_bytes(png_bytes(rounds_figure(found, ceiling=ceiling, bots_from=first)))
    aside.replace(picture)
    title = stage.title(bots.movie) if bots else ""
    staged = Staged(stage.settings.dataset, stage.people.config, config, ceiling, seed, bots, title, gate)
    path = folder / f"{name}.md"
    write_text(path, to_markdown(found, staged, picture=picture.name))
    return path
