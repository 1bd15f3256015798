"""A search for better settings: Optuna's TPE (Bergstra et al., NIPS 2011) on a validation objective.

The first trial is the model's defaults. Trial n depends on the seed, on n and on the trials before it, never on when
the search was started: a search that was killed goes on as if it had not been, from its journal of lines of JSON.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.objectives import Objective
from recsys_assets.recommenders import ModelError, build
from recsys_assets.recommenders.search_dimensions import Dimension
from recsys_assets.recommenders.search_spaces import config_fields, config_of

if TYPE_CHECKING:
    import optuna

STARTUP_TRIALS = 10
"""Drawn at random before the search learns, the defaults among them."""
EXPLORED = 4
"""Every so many trials one is drawn at random: a choice that the start missed would else be missed for good."""
FAILURE, KILLED, CPU_SECONDS = "failure", "killed", "cpu_seconds"


@dataclass(frozen=True)
class TriedSettings:
    """One trial. `params` by name of field; `value` None where they could not be fitted, for the reason `failure`."""

    number: int
    params: dict[str, Any]
    value: float | None
    cpu_seconds: float
    failure: str | None = None


@dataclass(frozen=True)
class Search:
    """A finished search. `trials` in order, the defaults first."""

    model: str
    objective: str
    metric: str
    direction: str
    seed: int
    trials: tuple[TriedSettings, ...]
    best: TriedSettings
    importance: dict[str, float]
    """Share of the variation of the objective that each field explains (fANOVA); empty after few trials."""

    @property
    def default(self) -> TriedSettings:
        return self.trials[0]

    @property
    def changed(self) -> dict[str, Any]:
        """The best settings that differ from the defaults, by name of field."""
        default = self.default.params | config_fields(self.model, self.default.params)
        return {k: v for k, v in config_fields(self.model, self.best.params).items() if v != default[k]}

    @property
    def config(self) -> dict[str, Any]:
        """The best settings as `build` and the launchpad take them."""
        return config_of(self.model, self.best.params)


def search(
    model: str,
    objective: Objective,
    space: Sequence[Dimension],
    journal: Path,
    *,
    trials: int,
    timeout: float | None = None,
    seed: int,
    told: Callable[[TriedSettings], object] = lambda tried: None,
) -> Search:
    """Try settings until `trials` have been tried in all, earlier runs of the same journal counted, or until `timeout`
    seconds of wall time have gone by in this run. `told` hears of every trial, those of earlier runs first.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(journal.with_suffix(".lock"), timeout=0):
            study = _open(model, objective, journal)
            for tried in _tried(study):
                told(tried)
            _go_on(study, model, objective, space, trials=trials, timeout=timeout, seed=seed, told=told)
            return _result(study, model, objective, seed)
    except Timeout as error:
        raise EvaluationError(f"another search for settings of {model} is at work on {journal}; wait for it") from error


def space_key(space: Sequence[Dimension], *, seed: int, split_version: str) -> str:
    """What a journal is of: a search goes on only over the same bounds, seed and splits."""
    told = json.dumps([asdict(d) for d in space] + [seed, split_version], default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _go_on(
    study: optuna.Study,
    model: str,
    objective: Objective,
    space: Sequence[Dimension],
    *,
    trials: int,
    timeout: float | None,
    seed: int,
    told: Callable[[TriedSettings], object],
) -> None:
    from optuna.samplers import RandomSampler, TPESampler
    from optuna.trial import TrialState

    started = time.monotonic()
    for running in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study._storage.set_trial_user_attr(running._trial_id, KILLED, True)
        study.tell(running.number, state=TrialState.FAIL)
    done = len(_tried(study))
    while done < trials and (timeout is None or done == 0 or time.monotonic() - started < timeout):
        at_random = done % EXPLORED == EXPLORED - 1
        study.sampler = (
            RandomSampler(seed + done) if at_random else TPESampler(seed=seed + done, n_startup_trials=STARTUP_TRIALS)
        )
        trial = study.ask() if done else _ask_defaults(study, space)
        told(_try(study, trial, model, objective, space, done))
        done += 1


def _ask_defaults(study: optuna.Study, space: Sequence[Dimension]) -> optuna.Trial:
    study.enqueue_trial({d.name: d.default for d in space})
    return study.ask()


def _try(
    study: optuna.Study, trial: optuna.Trial, model: str, objective: Objective, space: Sequence[Dimension], number: int
) -> TriedSettings:
    """Fit and score once; settings that can't be fitted are a failed trial, any other error is the caller's."""
    params = {d.name: _suggest(trial, d) for d in space}
    started, failure, value = time.process_time(), None, None
    try:
        value = objective.score(lambda: build(model, config_of(model, params)))
        failure = None if math.isfinite(value) else f"the objective is {value}"
    except (ModelError, ArithmeticError, np.linalg.LinAlgError) as error:
        failure = str(error)
    seconds = time.process_time() - started
    trial.set_user_attr(CPU_SECONDS, seconds)
    if failure is not None:
        from optuna.trial import TrialState

        trial.set_user_attr(FAILURE, failure)
        study.tell(trial, state=TrialState.FAIL)
        return TriedSettings(number, params, None, seconds, failure)
    study.tell(trial, value)
    return TriedSettings(number, params, value, seconds)


def _suggest(trial: optuna.Trial, dimension: Dimension) -> Any:
    if dimension.kind == "choice":
        return trial.suggest_categorical(dimension.name, dimension.options)
    if dimension.kind == "whole":
        return trial.suggest_int(dimension.name, int(dimension.low), int(dimension.high), log=dimension.log)
    return _readable(trial.suggest_float(dimension.name, dimension.low, dimension.high, log=dimension.log))


def _readable(value: Any) -> Any:
    """Real settings are tried, and told, to four digits."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _open(model: str, objective: Objective, journal: Path) -> optuna.Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(logging.ERROR)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    return optuna.create_study(
        storage=storage, study_name=f"{model}/{objective.name}", direction=objective.direction, load_if_exists=True
    )


def _tried(study: optuna.Study) -> list[TriedSettings]:
    """Trials that came to an end, numbered anew: those that were killed do not count."""
    from optuna.trial import TrialState

    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
    counted = [t for t in ended if KILLED not in t.user_attrs]
    return [
        TriedSettings(
            number,
            {k: _readable(v) for k, v in t.params.items()},
            t.value,
            float(t.user_attrs.get(CPU_SECONDS, 0.0)),
            t.user_attrs.get(FAILURE),
        )
        for number, t in enumerate(counted)
    ]


def _result(study: optuna.Study, model: str, objective: Objective, seed: int) -> Search:
    trials = _tried(study)
    scored = [t for t in trials if t.value is not None]
    if not scored:
        why = trials[0].failure if trials else "none was tried"
        raise EvaluationError(f"no settings of {model} could be scored: {why}")
    best = scored[0]
    for tried in scored[1:]:
        if objective.better(tried.value, best.value):  # type: ignore[arg-type]
            best = tried
    return Search(
        model=model,
        objective=objective.name,
        metric=objective.label,
        direction=objective.direction,
        seed=seed,
        trials=tuple(trials),
        best=best,
        importance=_importance(study, scored, seed),
    )


def _importance(study: optuna.Study, scored: Sequence[TriedSettings], seed: int) -> dict[str, float]:
    if len(scored) < STARTUP_TRIALS or len({t.value for t in scored}) < 2:
        return {}
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed))
    return {name: float(share) for name, share in found.items()}
