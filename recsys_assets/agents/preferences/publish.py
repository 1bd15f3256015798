"""The reward model of a deployment: from its published splits to `models/reward_model/<dataset>/`.

It is fitted on the training part of the frozen splits, so that an agent made with it can be judged on the rest.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from recsys_assets.agents.preferences.feedback import feedback_opinions
from recsys_assets.agents.preferences.judged import RewardReport, judge_reward_model
from recsys_assets.agents.preferences.opinions import Opinions
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.preferences.training import RewardConfig, train_reward_model
from recsys_assets.agents.setting import AgentSetting, SettingConfig, make_setting
from recsys_assets.agents.users import Group
from recsys_assets.feedback.training_data import published_feedback, published_texts
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake


@dataclass(frozen=True)
class PublishedReward:
    """The model, how it did on held-out users, and where it lies."""

    model: RewardModel
    report: RewardReport
    path: Path


def publish_reward_model(
    settings: Settings,
    setting: SettingConfig | None = None,
    config: RewardConfig | None = None,
    *,
    progress: Progress = silent,
) -> PublishedReward:
    """Learn, judge, and write; a model that is not good enough is written too, and says so."""
    lake = Lake(settings.lake_dir)
    splits = lake.read("splits")
    ratings = splits.filter(splits["temporal"] == "train").select("user_id", "movie_id", "rating", "timestamp")
    people = make_setting(ratings, lake.read("catalogue"), setting, seed=settings.seed, progress=progress)
    model = train_reward_model(
        people, config, seed=settings.seed, feedback=_published_feedback(lake, people), progress=progress
    )
    report = judge_reward_model(model, people, seed=settings.seed)
    facts = {k: v for k, v in asdict(report).items() if k != "reliability"} | {"passed": report.passed}
    model = replace(model, facts=facts | {"dataset": settings.dataset, "seed": settings.seed})
    path = settings.models_dir / "reward_model" / settings.dataset
    model.save(path)
    progress(f"reward model, seed {settings.seed}: {report.summary}")
    return PublishedReward(model, report, path)


def _published_feedback(lake: Lake, setting: AgentSetting) -> dict[Group, Opinions]:
    """Nothing where no feedback has been published yet; texts where they have been read."""
    events = published_feedback(lake).events
    if events.is_empty():
        return {}
    found = feedback_opinions(setting, events, published_texts(lake))
    return {"train": found} if len(found) else {}
