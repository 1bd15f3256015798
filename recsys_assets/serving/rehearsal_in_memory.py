"""The rehearsal without the platform: the same people, bots, learning of levels and gate, and nothing that runs.

An update is the first day's champion with the levels that teaching feedback tells of, which is what `ppo_agent` starts
its update from; the gate asks the simulated return alone. Six rounds in minutes: to look at people, bounds and gate,
not at daemons.
"""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.agents.answering import SessionAgent
from recsys_assets.agents.evaluation.publish import deployed_setting
from recsys_assets.agents.evaluation.served import of_today, simulated_returns
from recsys_assets.agents.judges import teaching
from recsys_assets.agents.preferences.levels import moved_levels
from recsys_assets.agents.rehearsal.rounds import Platform, frame_of
from recsys_assets.agents.rehearsal.service import Service, service_of
from recsys_assets.feedback.events import FeedbackEvent
from recsys_assets.recommenders import load_model
from recsys_assets.recommenders.results import ModelError
from recsys_assets.registry.export import champion_path
from recsys_assets.registry.floors import Floor, return_floor
from recsys_assets.serving.rehearsal import Stage


class PlatformInMemory:
    """`sent` is all feedback so far; `agent` what is served now."""

    def __init__(self, stage: Stage, agent: str) -> None:
        first = load_model(champion_path(stage.settings, agent))
        if not isinstance(first, SessionAgent):
            raise ModelError(f"{agent} has no levels that feedback could move; rehearse it with the platform")
        self.stage, self.first, self.agent, self.version = stage, first, first, 1
        self.judges = deployed_setting(stage.settings)
        self.sent: list[FeedbackEvent] = []

    def platform(self) -> Platform:
        return Platform(self._champion, self._deliver, self._learn)

    def gate(self, challenger: SessionAgent) -> Floor:
        """Beside what is served now."""
        found = simulated_returns(of_today(self.judges, frame_of(self.sent)), challenger, self.agent)
        share = self.stage.settings.gate_return_margin
        return return_floor(found.difference, challenger=found.challenger, champion=found.champion, share=share)

    def _champion(self) -> Service:
        world = self.stage.setting.world
        return service_of(self.agent, world, self.agent.taste, version=str(self.version))

    def _deliver(self, events: Sequence[FeedbackEvent]) -> None:
        self.sent.extend(events)

    def _learn(self) -> str:
        told = teaching(frame_of(self.sent), seed=self.stage.settings.seed)
        challenger = self.first.believing(moved_levels(self.first.taste, self.first.movies, told))
        floor = self.gate(challenger)
        if floor.holds:
            self.agent, self.version = challenger, self.version + 1
        verdict = "lets it through" if floor.holds else "refuses it"
        return f"{len(told):,} of {len(self.sent):,} events teach; the gate {verdict}: {floor.said}"
