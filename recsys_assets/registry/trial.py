"""The promotion gate: challenger against champion, both scored now; and what follows from its verdict."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from recsys_assets.atomic import write_text
from recsys_assets.evaluation.significance import HoldoutComparison, compare_on_holdout
from recsys_assets.feedback.training_data import NO_FEEDBACK
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import load_model
from recsys_assets.registry.agent_trial import is_agent, served_floors
from recsys_assets.registry.audit import append_entry, entry_of, this_person
from recsys_assets.registry.export import export_challenger, new_batches, one_at_a_time, promote, write_default
from recsys_assets.registry.floors import Floor, decide_agent, holdout_floor
from recsys_assets.registry.promotion import PromotionDecision, decide
from recsys_assets.registry.records import ModelVersion, RegistryError
from recsys_assets.registry.registry import Registry
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake

VERDICT_TAG = "verdict"
"""Of a version: what its last trial said."""
VALIDATION_METRIC = "temporal_validation_ndcg_at_10"
"""By which the model that answers by default is chosen; never a test figure."""


@dataclass(frozen=True)
class Trial:
    """What was compared, on what, and the verdict."""

    model: str
    challenger: int
    champion: int | None
    split_version: str
    challenger_ndcg: float
    champion_ndcg: float | None
    judged_on: str
    decision: PromotionDecision
    challenger_run: str = ""
    """MLflow's: in a new store the numbers of versions start again."""
    floors: tuple[Floor, ...] = ()
    """Of agents: what the challenger must not fall below."""

    def figures(self) -> dict[str, float]:
        """Numbers for plots over time."""
        found = {
            "challenger_ndcg_at_10": self.challenger_ndcg,
            "champion_ndcg_at_10": self.champion_ndcg,
            "difference": self.decision.difference,
            "difference_low": self.decision.low,
            "difference_high": self.decision.high,
            "users": self.decision.n_users,
        }
        for floor in self.floors[1:]:
            name = floor.name.replace(" ", "_").replace("-", "_")
            found |= {f"challenger_{name}": floor.challenger, f"champion_{name}": floor.champion}
            found |= {f"{name}_difference": None if floor.not_had else floor.difference}
        return {k: float(v) for k, v in found.items() if v is not None}


@dataclass(frozen=True)
class Promoted:
    """The champion after promotion."""

    version: int
    path: Path
    default_model: str
    reason: str


def run_trial(settings: Settings, model: str, *, by: str = "", progress: Progress = silent) -> Trial:
    """Score challenger and champion of `model` on the frozen temporal hold-out, decide, and keep the verdict.

    An agent is also tried by what is served: with simulated people, and on what people answered. Who loses stays a
    challenger, is said why in its tags and the audit trail, and is exported to be scored beside the champion.
    """
    registry, lake = Registry(settings), Lake(settings.lake_dir)
    challenger = registry.version(model, "challenger")
    champion = registry.find(model, "champion")
    defending = champion or challenger
    compared = compare_on_holdout(
        load_model(registry.artifact(model, challenger.version, part="holdout")),
        load_model(registry.artifact(model, defending.version, part="holdout")),
        lake.read("splits"),
        seed=settings.seed,
    )
    facts = {
        "has_champion": champion is not None,
        "same_content": champion is not None and champion.content == challenger.content,
        "newer_data": champion is not None and _fitted_on(champion) != _fitted_on(challenger),
    }
    floors: tuple[Floor, ...] = ()
    if is_agent(model):
        floors = (_holdout_floor(settings, compared),)
        if champion is not None and not facts["same_content"]:
            floors += served_floors(settings, registry, challenger, champion, progress=progress)
        decision = decide_agent(**facts, floors=floors)
    else:
        decision = decide(**facts, difference=compared.difference, tolerance=settings.gate_holdout_margin)
    trial = Trial(
        model=model,
        challenger=challenger.version,
        champion=champion.version if champion else None,
        split_version=lake.snapshot("splits").version,
        challenger_ndcg=compared.challenger_mean,
        champion_ndcg=compared.champion_mean if champion else None,
        judged_on=compared.judged_on,
        decision=decision,
        challenger_run=challenger.run_id,
        floors=floors,
    )
    write_text(_verdict_path(settings, model), json.dumps(asdict(trial), indent=1))
    _record_verdict(registry, trial, challenger, champion, by=by)
    return trial


def _record_verdict(
    registry: Registry, trial: Trial, challenger: ModelVersion, champion: ModelVersion | None, *, by: str
) -> None:
    """In the version's tags; a refusal in the audit trail too, and the challenger where it can be scored in shadow."""
    registry.set_tag(trial.model, trial.challenger, VERDICT_TAG, trial.decision.reason)
    if trial.decision.passed:
        return
    entry = entry_of(
        "refused",
        challenger,
        champion,
        by=by or this_person(),
        why=trial.decision.reason,
        figures=trial.figures(),
        batches=new_batches(registry, challenger, champion),
    )
    with one_at_a_time(registry.settings):
        append_entry(registry.settings, entry)
    export_challenger(registry, challenger)


def _holdout_floor(settings: Settings, compared: HoldoutComparison) -> Floor:
    return holdout_floor(
        compared.difference,
        challenger=compared.challenger_mean,
        champion=compared.champion_mean,
        margin=settings.gate_holdout_margin,
    )


def last_trial(settings: Settings, model: str) -> Trial:
    """The verdict kept by the last `run_trial` of `model`."""
    path = _verdict_path(settings, model)
    if not path.exists():
        raise RegistryError(f"{model} was never tried. Re-materialize `{model}_trial`.")
    stored = json.loads(path.read_text(encoding="utf-8"))
    decision, floors = PromotionDecision(**stored["decision"]), tuple(Floor(**f) for f in stored.get("floors", ()))
    return Trial(**{**stored, "decision": decision, "floors": floors})


def promote_challenger(settings: Settings, model: str, *, by: str = "") -> Promoted:
    """Make the challenger that passed its trial the champion, export it, and choose the default model anew.

    A verdict about another version than today's challenger is refused: that one was not tried.
    """
    registry, trial = Registry(settings), last_trial(settings, model)
    challenger = registry.version(model, "challenger")
    if trial.challenger != challenger.version:
        raise RegistryError(
            f"the last trial of {model} judged version {trial.challenger}, the challenger is {challenger.version}. "
            f"Re-materialize `{model}_trial`."
        )
    if trial.challenger_run != challenger.run_id:
        raise RegistryError(
            f"the last trial of {model} judged another version {challenger.version}, of a registry that is gone. "
            f"Re-materialize `{model}_trial`."
        )
    if not trial.decision.passed:
        raise RegistryError(f"version {challenger.version} of {model} lost its trial: {trial.decision.reason}")
    champion = challenger if trial.decision.promote else registry.version(model, "champion")
    path = promote(registry, model, champion.version, by=by, why=trial.decision.reason, figures=trial.figures())
    return Promoted(champion.version, path, choose_default(registry), trial.decision.reason)


def choose_default(registry: Registry) -> str:
    """Serve the champion with the best validation figure by default; returns its name."""
    with one_at_a_time(registry.settings):
        champions = registry.with_alias("champion")
        best = max(champions, key=lambda v: (v.metrics.get(VALIDATION_METRIC, 0.0), v.model))
        figure = best.metrics.get(VALIDATION_METRIC, 0.0)
        write_default(
            registry.settings, best.model, f"best {VALIDATION_METRIC} of {len(champions)} champions: {figure:.4f}"
        )
    return best.model


def _fitted_on(version: ModelVersion) -> str:
    """Ratings and feedback; versions from before feedback joined say nothing of it."""
    return f"{version.tags['ratings_version']} {version.tags.get('feedback_version', NO_FEEDBACK)}"


def _verdict_path(settings: Settings, model: str) -> Path:
    return settings.models_dir / "trials" / settings.dataset / f"{model}.json"
