"""All tuners that the learned one is held against, each behind the same memory shield."""

from __future__ import annotations

from recsys_assets.tuner.controllers.analytic import Autotune, PlumberProgram
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.rules import BottleneckRule, EvenSplit, OneEach
from recsys_assets.tuner.controllers.search import GridSearch, OptunaSearch, RandomSearch
from recsys_assets.tuner.controllers.shield import Shielded

RIVAL = ProportionalControl.name
"""The one that counts."""


def rivals(*, search: bool = True, seed: int = 0) -> list[Controller]:
    """`search`: with black-box searches, which take a minute for hundreds of pipelines."""
    rules: list[Controller] = [OneEach(), EvenSplit(), BottleneckRule(), PlumberProgram(), Autotune()]
    searches: list[Controller] = [
        GridSearch(),
        RandomSearch(seed=seed),
        OptunaSearch("tpe", seed=seed),
        OptunaSearch("cmaes", seed=seed),
    ]
    return [Shielded(c) for c in [*rules, *(searches if search else []), ProportionalControl(), ModelBased()]]
