"""What an agent is tried by beside the hold-out: the very exports of challenger and champion that people are served."""

from __future__ import annotations

from recsys_assets.feedback.training_data import published_feedback
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import MODELS, load_model
from recsys_assets.registry.floors import Floor, no_figure, off_policy_floor, return_floor
from recsys_assets.registry.records import ModelVersion
from recsys_assets.registry.registry import Registry
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake

AGENTS_PACKAGE = "recsys_assets.agents."


def is_agent(model: str) -> bool:
    """Whether `model` acts in sessions, and so is tried in them."""
    return MODELS[model].startswith(AGENTS_PACKAGE)


def served_floors(
    settings: Settings,
    registry: Registry,
    challenger: ModelVersion,
    champion: ModelVersion,
    *,
    progress: Progress = silent,
) -> tuple[Floor, Floor]:
    """Simulated return and off-policy value of two versions of one agent."""
    from recsys_assets.agents.evaluation.publish import deployed_setting
    from recsys_assets.agents.evaluation.served import logged_values, of_today, simulated_returns
    from recsys_assets.agents.judges import judging

    ours, theirs = (load_model(registry.artifact(v.model, v.version, part="serving")) for v in (challenger, champion))
    lake = Lake(settings.lake_dir)
    events = published_feedback(lake).events
    today = of_today(deployed_setting(settings, progress=progress), events)
    returns = simulated_returns(today, ours, theirs)
    progress(f"{challenger.model}: simulated return {returns.challenger:.3f}, the champion's {returns.champion:.3f}")
    judged = judging(events, seed=settings.seed)
    values = logged_values(judged, lake.read("ratings"), ours, theirs, seed=settings.seed)
    return (
        return_floor(
            returns.difference,
            challenger=returns.challenger,
            champion=returns.champion,
            share=settings.gate_return_margin,
        ),
        no_figure("off-policy value", values.not_had)
        if values.not_had
        else off_policy_floor(
            values.difference,
            challenger=values.challenger,
            champion=values.champion,
            share=settings.gate_off_policy_margin,
        ),
    )
