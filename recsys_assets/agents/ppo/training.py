"""Train PPO against a reward model, near a reference, and stop where proxy and truth part.

Looks play validation users' sessions, who taught neither the tastes nor the reward model: the *true* return (what their
acts are worth) beside the proxy's. The best look is kept, the first of which is the start. Over-optimization (Gao et
al., ICML 2023) is when the proxy goes on rising while the truth falls: after `patience` such looks training stops.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.logger import Logger

from recsys_assets.agents.dqn.items import item_inputs
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.environments.expected import PatientSessions
from recsys_assets.agents.environments.vector import FeedbackVecEnv
from recsys_assets.agents.policies.tuned import Weights, tune_belief_policy
from recsys_assets.agents.ppo.algorithm import ReferencePPO, frozen
from recsys_assets.agents.ppo.config import PpoConfig
from recsys_assets.agents.ppo.figures import PpoLook, ppo_figures
from recsys_assets.agents.ppo.network import ItemPolicy
from recsys_assets.agents.ppo.proxy import ProxySessions, both_returns
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.device import Device, repeatable, torch_device

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIRST_SEED = 20_000
"""Of validation sessions' draws: the same in every look."""
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class PpoResult:
    """What training gave. `policy` is the best look's; `network` are its parameters, to go on from."""

    policy: QPolicy
    network: dict[str, NDArray[Any]]
    start: Weights
    looks: tuple[PpoLook, ...]
    best_step: int
    """0: nothing better than the start was found on validation users."""
    stopped: str
    steps_per_second: float
    """Movies shown in training per CPU second, updates and looks included."""

    def figures(self) -> dict[str, Figure]:
        """Curves, and what the proxy promised beside what was true, over the distance from the reference."""
        return ppo_figures(self.looks)


def train_ppo(
    setting: AgentSetting,
    proxy: RewardModel,
    config: PpoConfig | None = None,
    *,
    seed: int,
    weights: Weights | None = None,
    champion: Arrays | None = None,
    device: Device = "auto",
    progress: Progress = silent,
) -> PpoResult:
    """`weights`: of the supervised start, tuned if not given. `champion`: parameters to start from and to stay near."""
    config = config or PpoConfig()
    weights = weights or tune_belief_policy(setting, config.tuning, seed=seed, progress=progress)
    model = _build(setting, proxy, config, weights, seed, device)
    if champion is not None:
        restore(model.policy, champion)
        model.reference = frozen(model.policy)
    began = time.process_time()
    looks = _Looks(setting, proxy, config, progress)
    looks.look(model)
    each = config.look_every * config.envs * config.n_steps
    with repeatable(model.device):
        while model.num_timesteps < config.steps and not looks.stopped:
            model.learn(min(each, config.steps - model.num_timesteps), reset_num_timesteps=False)
            looks.look(model)
    seconds = max(1e-9, time.process_time() - began)
    best = looks.best_look
    result = PpoResult(
        looks.best,
        looks.network,
        weights,
        tuple(looks.found),
        best.steps,
        looks.stopped or "all steps done",
        model.num_timesteps / seconds,
    )
    progress(
        f"ppo: {model.num_timesteps:,} steps, {result.steps_per_second:.0f} per CPU second; true return of validation "
        f"users {best.truth:.3f} at step {best.steps:,} (start {looks.found[0].truth:.3f}); {result.stopped}"
    )
    return result


def parameters(policy: ItemPolicy) -> dict[str, NDArray[Any]]:
    """Of actor and critic, as plain arrays."""
    return {name: p.detach().cpu().numpy().copy() for name, p in policy.named_parameters() if _goes_on(name)}


def restore(policy: ItemPolicy, arrays: Arrays) -> None:
    """Raises ValueError where another network's parameters are given."""
    import torch as th

    own = {name: p for name, p in policy.named_parameters() if _goes_on(name)}
    if {n: tuple(p.shape) for n, p in own.items()} != {n: a.shape for n, a in arrays.items()}:
        raise ValueError("the champion has another network than is asked for; train from scratch")
    with th.no_grad():
        for name, parameter in own.items():
            parameter.copy_(th.from_numpy(np.array(arrays[name])))


def _goes_on(name: str) -> bool:
    """`people` are rows of this training's users: others have others."""
    return not name.startswith("actor.people")


def _build(
    setting: AgentSetting,
    proxy: RewardModel,
    config: PpoConfig,
    weights: Weights,
    seed: int,
    device: Device = "auto",
) -> ReferencePPO:
    simulator: Any = setting.simulator_a("train")
    sessions = ProxySessions(simulator, setting.model, setting.config.rewards, proxy, proxy.view(setting))
    env = FeedbackVecEnv(sessions, config.envs, seed=seed)
    items = item_inputs(setting.world, setting.model, weights)
    network = {"layout": sessions.layout, "items": items, "known": sessions.known, "config": config.network}
    model = ReferencePPO(
        ItemPolicy,
        env,
        learning_rate=config.learning_rate,
        n_steps=config.n_steps,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip,
        ent_coef=config.entropy_weight,
        vf_coef=config.value_weight,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs={"network": network},
        kl_target=config.kl_target,
        kl_weight=config.kl_weight,
        kl_gain=config.kl_gain,
        seed=seed,
        device=torch_device(device),
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


class _Looks:
    """Plays validation users' sessions, keeps the best, and sees when proxy and truth part."""

    def __init__(self, setting: AgentSetting, proxy: RewardModel, config: PpoConfig, progress: Progress) -> None:
        simulator: Any = setting.simulator_a("validation")
        self.sessions = PatientSessions(simulator, setting.model, setting.config.rewards)
        self.proxy, self.view, self.config, self.progress = proxy, proxy.view(setting), config, progress
        self.seeds = np.arange(FIRST_SEED, FIRST_SEED + config.look_seeds)
        self.found: list[PpoLook] = []
        self.stopped, self.parted = "", 0

    @property
    def best_look(self) -> PpoLook:
        return max(self.found, key=lambda look: look.truth)

    def look(self, model: ReferencePPO) -> None:
        policy = QPolicy.of(model.policy.actor, name="ppo")
        truth, told = both_returns(policy, self.sessions, self.proxy, self.view, seeds=self.seeds)
        if not self.found:
            self.start = truth
        difference = truth - self.start
        error = float(difference.std() / len(difference) ** 0.5)
        found = PpoLook(model.num_timesteps, float(truth.mean()), error, float(told.mean()), model.kl, model.kl_weight)
        self._judge(found)
        if not self.found or found.truth > self.best_look.truth:
            self.best, self.network = policy, parameters(model.policy)
        self.found.append(found)
        self.progress(
            f"ppo: step {found.steps:,}/{self.config.steps:,}, validation users: true return {found.truth:.3f} (start "
            f"{self.found[0].truth:.3f}, s.e. {found.error:.3f}), proxy {found.proxy:.3f}, KL {found.kl:.3f}, weight "
            f"{found.kl_weight:.3f}"
        )

    def _judge(self, found: PpoLook) -> None:
        """The truth below the best by more than chance while the proxy promises more than it did then."""
        if not self.found:
            return
        best = self.best_look
        parts = found.truth < best.truth - max(found.error, 1e-6) and found.proxy > best.proxy
        self.parted = self.parted + 1 if parts else 0
        if self.config.patience and self.parted >= self.config.patience:
            self.stopped = (
                f"stopped at step {found.steps:,}: the proxy promises {found.proxy - best.proxy:+.3f}, true is "
                f"{found.truth - best.truth:+.3f} against step {best.steps:,}"
            )
