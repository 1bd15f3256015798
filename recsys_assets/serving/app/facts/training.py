"""Trainings to draw: which models have curves, what each curve is, and how figures went from version to version."""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.registry import Registry
from recsys_assets.registry.curves import Training, trainings
from recsys_assets.settings import Settings

CURVES = {
    "train/loss": "Loss",
    "eval/mean_reward": "Return of validation people",
    "rollout/ep_rew_mean": "Reward of a session in training",
    "rollout/exploration_rate": "Exploration (epsilon)",
    "eval/ndcg_at_10": "NDCG@10, inner validation",
    "train/max_q": "Largest |Q|",
    "train/learning_rate": "Learning rate",
    "objective/scores": "Reward model's score",
    "objective/kl": "KL to what is served",
}
"""Name that is logged -> what it is; in the order of the page. Other names are shown as they are."""
FIGURES = {
    "temporal_validation_ndcg_at_10": "NDCG@10, validation",
    "temporal_test_ndcg_at_10": "NDCG@10, test",
    "loo_test_ndcg_at_10": "NDCG@10, last movie",
    "loo_test_hr_at_10": "Hit rate@10, last movie",
    "temporal_test_rmse": "RMSE, test",
    "fit_seconds": "Seconds to fit",
}
LEARN_BY_STEPS = (
    "dqn_agent", "ppo_agent", "sasrec", "gru4rec", "time_rating_lstm", "time_rating_content", "time_rating_hybrid",
)  # fmt: skip
"""Models that leave curves; they come first in the choice."""


def registered(settings: Settings) -> list[str]:
    """Models to choose from, those with curves first; empty where there is no store."""
    if not (settings.models_dir / "mlflow.db").exists():
        return []
    found = Registry(settings).models()
    return [m for m in LEARN_BY_STEPS if m in found] + [m for m in found if m not in LEARN_BY_STEPS]


def trained(settings: Settings, model: str) -> list[Training]:
    return trainings(Registry(settings), model)


def curve_names(found: Sequence[Training]) -> list[str]:
    """Of any of these trainings, known ones first."""
    names = {name for training in found for name, curve in training.curves.items() if len(curve) > 1}
    known = [name for name in CURVES if name in names]
    return known + sorted(names - set(known))


def title_of(curve: str) -> str:
    part, _, rest = curve.partition("/")
    return CURVES.get(curve) or (f"{CURVES[rest]}, {part}" if rest in CURVES else curve)


def lines_of(found: Sequence[Training], curve: str) -> dict[str, tuple[list[float], list[float]]]:
    """Label of each version -> steps and values."""
    having = [t for t in found if len(t.curves.get(curve, ())) > 0]
    return {t.label: (t.curves[curve][:, 0].tolist(), t.curves[curve][:, 1].tolist()) for t in having}


def why_no_curve(model: str) -> str:
    if model in LEARN_BY_STEPS:
        return f"These versions were trained before curves of {model} were kept; `recsys train {model}` leaves them."
    return f"{model} is fitted in one go and leaves no curve. Networks and agents do; they come first in the list."


def by_version(found: Sequence[Training], figure: str) -> tuple[list[str], list[float]]:
    """Oldest first."""
    having = [t for t in reversed(found) if figure in t.metrics]
    return [f"version {t.version}" for t in having], [t.metrics[figure] for t in having]


def told(figure: str, value: float | None) -> str:
    """In a table: seconds in tenths, scores to four places."""
    if value is None:
        return "–"
    return f"{value:,.1f}" if figure.endswith("seconds") else f"{value:.4f}"


def figures_of(found: Sequence[Training]) -> list[str]:
    return [f for f in FIGURES if any(f in t.metrics for t in found)]
