"""The agents' report of a deployment: from its published ratings to `data/reports/<dataset>/agents.{html,md}`."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.agents.evaluation.judging import report_agents
from recsys_assets.agents.evaluation.report import AgentReport, OtherData, OwnFeedback, ReportConfig
from recsys_assets.agents.evaluation.written import to_html, to_markdown
from recsys_assets.agents.recommender import DqnAgentConfig
from recsys_assets.agents.sequence_features import with_sequence_features
from recsys_assets.agents.setting import AgentSetting, SettingConfig, make_setting
from recsys_assets.agents.simulators.validation import SimulatorReport, validate_simulator
from recsys_assets.atomic import write_text
from recsys_assets.evaluation.canvas import data_uri
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError

ELSEWHERE = ("ml-1m", "ml-100k", "ml-latest-small")
"""Data sets with movies that others have too, whose people can judge an agent they had no part in."""


@dataclass(frozen=True)
class PublishedReport:
    """The report, its pictures as `data:` addresses by title, and where it was written."""

    report: AgentReport
    images: dict[str, str]
    markdown: str
    html: Path


def deployed_setting(
    settings: Settings, config: SettingConfig | None = None, *, progress: Progress = silent
) -> AgentSetting:
    """People and movies of the ratings published last."""
    lake = Lake(settings.lake_dir)
    return make_setting(lake.read("ratings"), lake.read("catalogue"), config, seed=settings.seed, progress=progress)


def validated_simulator(settings: Settings, config: SettingConfig | None = None) -> SimulatorReport:
    """Simulator A of the deployment against its held-out users."""
    return validate_simulator(deployed_setting(settings, config))


def other_data(settings: Settings) -> OtherData | None:
    """The first of `ELSEWHERE` that is published beside this data set; None where there is none."""
    for name in ELSEWHERE:
        lake = Lake(settings.model_copy(update={"dataset": name}).lake_dir)
        if name != settings.dataset:
            with suppress(LakeError):
                return OtherData(name, lake.read("ratings"), lake.read("catalogue"))
    return None


def own_feedback(settings: Settings) -> OwnFeedback | None:
    """Feedback events of this deployment; None where none was ever taken."""
    lake = Lake(settings.lake_dir)
    with suppress(LakeError):
        return OwnFeedback(lake.read("feedback"), lake.read("ratings"))
    return None


def publish_agent_report(
    settings: Settings,
    agent: DqnAgentConfig | None = None,
    config: ReportConfig | None = None,
    *,
    progress: Progress = silent,
) -> PublishedReport:
    """Train, compare, and write the report. One that is killed goes on with the trainings it had finished.

    `agent`: what is judged is `dqn_agent` of these settings, but that nothing of it has seen who judges: tastes and the
    vectors of the sequence model are those of training users.
    """
    agent = agent or DqnAgentConfig()
    waiting = settings.reports_dir / settings.dataset / "agents-in-training"
    setting = deployed_setting(settings, agent.setting, progress=progress)
    report = report_agents(
        with_sequence_features(setting, agent.sequence),
        agent.dqn,
        config,
        seed=settings.seed,
        other=other_data(settings),
        feedback=own_feedback(settings),
        trainings=waiting,
        progress=progress,
    )
    images = {title: data_uri(figure) for title, figure in report.figures().items()}
    folder = settings.reports_dir / settings.dataset
    markdown = to_markdown(report, dataset=settings.dataset)
    write_text(folder / "agents.md", markdown)
    write_text(folder / "agents.html", to_html(report, dataset=settings.dataset, images=images))
    shutil.rmtree(waiting, ignore_errors=True)
    return PublishedReport(report, images, markdown, folder / "agents.html")
