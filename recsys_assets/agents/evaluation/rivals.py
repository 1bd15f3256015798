"""The policies that an agent is compared with, fitted on training users alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recsys_assets.agents.evaluation.comparison import Contestant
from recsys_assets.agents.policies.linucb import fit_linucb
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.agents.policies.simple import BeliefPolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.q_learning import fit_q_learning
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.models import build

RIVAL = "greedy, tuned re-ranker"
"""The one that counts: weights of popularity, doubt and variety, tuned."""
HEURISTIC = "greedy, one diversity weight"
"""The bar that was set first: a weight of variety alone, tuned as the rival's are."""
RECOMMENDERS = ("content", "svd", "ease", "sasrec")
"""Greedy by the scores of these."""


def rival_contestants(
    setting: AgentSetting,
    weights: Weights,
    one: Weights,
    *,
    recommenders: Sequence[str] = RECOMMENDERS,
    seed: int,
    progress: Progress = silent,
) -> list[Contestant]:
    """`weights`: of the tuned re-ranker; `one`: of the heuristic."""
    world, model = setting.world, setting.model
    policies = [
        RandomPolicy(world),
        PopularPolicy(world),
        BeliefPolicy(world, model=model, name="greedy on the taste"),
        belief_policy(setting, one, name=HEURISTIC),
        belief_policy(setting, weights, name=RIVAL),
        fit_linucb(setting, seed=seed, progress=progress),
        fit_q_learning(setting, seed=seed, progress=progress),
        *(fit_recommender(setting, name, progress=progress) for name in recommenders),
    ]
    return [Contestant.of(policy) for policy in policies]


def fit_recommender(setting: AgentSetting, name: str, *, progress: Progress = silent) -> RecommenderPolicy:
    """Any model of the leaderboard, fitted once on training users, as a policy."""
    progress(f"fitting {name} on {len(setting.training.users):,} training users")
    training = replace(setting.training, progress=progress)
    return RecommenderPolicy(setting.world, name=f"{name}, greedy", model=build(name).fit_data(training))
