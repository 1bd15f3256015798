"""The policies that an agent is compared with, fitted on training users alone."""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.agents.evaluation.comparison import Contestant
from recsys_assets.agents.policies.linucb import fit_linucb
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.agents.policies.simple import BeliefPolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.models import build

RIVAL = "greedy, tuned re-ranker"
"""The one that counts."""
RECOMMENDERS = ("content", "biased_mf", "ease", "sasrec")
"""Greedy by the scores of these."""


def rival_contestants(
    setting: AgentSetting,
    weights: Weights,
    *,
    recommenders: Sequence[str] = RECOMMENDERS,
    seed: int,
    progress: Progress = silent,
) -> list[Contestant]:
    """`weights`: of the tuned re-ranker."""
    world, model = setting.world, setting.model
    progress(f"rivals: LinUCB, and greedy by {', '.join(recommenders)}")
    policies = [
        RandomPolicy(world),
        PopularPolicy(world),
        BeliefPolicy(world, model=model, name="greedy on the taste"),
        belief_policy(setting, weights, name=RIVAL),
        fit_linucb(setting, seed=seed, progress=progress),
        *(
            RecommenderPolicy(world, name=f"{name}, greedy", model=build(name).fit_data(setting.training))
            for name in recommenders
        ),
    ]
    return [Contestant.of(policy) for policy in policies]
