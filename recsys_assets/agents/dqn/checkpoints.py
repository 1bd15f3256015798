"""All that a killed run needs to go on as if it had not been: one .npz of arrays and a JSON text, no pickles."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch as th

from recsys_assets.agents.dqn.algorithm import DoubleDQN
from recsys_assets.agents.dqn.curves import Look
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.dqn.teacher import TeachingVecEnv
from recsys_assets.agents.dqn.watch import Watch
from recsys_assets.agents.tastes import Beliefs

EPISODES = 100
"""Sessions whose mean return is logged, as Stable-Baselines3 has it."""
STATE, BEST = "training.npz", "best.npz"


class CheckpointError(ValueError):
    """A checkpoint of another run."""


def write_checkpoint(folder: Path, model: DoubleDQN, watch: Watch, *, run: str) -> None:
    """`run` says what is trained and how; only the same run goes on from here."""
    folder.mkdir(parents=True, exist_ok=True)
    _aside(folder / BEST, watch.best.save)
    env = _env(model)
    arrays = {f"replay.{k}": v for k, v in model.replay.arrays().items()}
    arrays |= {f"sessions.{k}": v for k, v in _columns(env.sessions).items()}
    arrays |= {f"network.{k}": v.cpu().numpy() for k, v in model.q_net.state_dict().items()}
    arrays |= {f"target.{k}": v.cpu().numpy() for k, v in model.q_net_target.state_dict().items()}
    arrays |= {f"adam.{i}.{k}": v.cpu().numpy() for i, s in _adam(model).items() for k, v in s.items()}
    arrays |= {"last_obs": np.asarray(model._last_obs), "start_returns": watch.start_returns}
    arrays |= {"torch": th.get_rng_state().numpy()}
    if model.device.type == "cuda":
        arrays |= {"torch_cuda": th.cuda.get_rng_state(model.device).numpy()}
    text = {
        "run": run,
        "steps": model.num_timesteps,
        "calls": model._n_calls,
        "updates": model._n_updates,
        "exploration_rate": model.exploration_rate,
        "episodes": [[float(e["r"]), int(e["l"])] for e in model.ep_info_buffer or []],
        "looks": [asdict(look) for look in watch.looks],
        "draws": [g.bit_generator.state for g in (model.rng, model.replay.rng, env.rng)],
    }
    arrays["text"] = np.array(json.dumps(text))
    _aside(folder / STATE, lambda path: _save(path, arrays))


def read_checkpoint(folder: Path, model: DoubleDQN, watch: Watch, *, run: str) -> bool:
    """Bring model, sessions and watch to where a run was killed; False where there is none to go on from.

    Raises CheckpointError if the folder holds a run of other settings.
    """
    if not (folder / STATE).exists():
        return False
    with np.load(folder / STATE, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    text = json.loads(str(arrays["text"]))
    if text["run"] != run:
        raise CheckpointError(
            f"{folder} holds a run with other settings or data: {_difference(text['run'], run)}; "
            "give the run its old settings, or another folder, or delete this one"
        )
    watch.best = QPolicy.load(folder / BEST)
    watch.looks = [Look(**look) for look in text["looks"]]
    watch.start_returns = arrays["start_returns"]
    _restore_model(model, arrays, text)
    return True


def _restore_model(model: DoubleDQN, arrays: Mapping[str, np.ndarray], text: Mapping[str, Any]) -> None:
    env = _env(model)
    model.replay.restore(_part(arrays, "replay."))
    _restore_columns(env.sessions, _part(arrays, "sessions."))
    for network, prefix in ((model.q_net, "network."), (model.q_net_target, "target.")):
        network.load_state_dict({k: th.from_numpy(v) for k, v in _part(arrays, prefix).items()})
    _restore_adam(model, _part(arrays, "adam."))
    model._last_obs = arrays["last_obs"]
    model.num_timesteps, model._n_calls, model._n_updates = text["steps"], text["calls"], text["updates"]
    model.exploration_rate = text["exploration_rate"]
    episodes = ({"r": r, "l": length, "t": 0.0} for r, length in text["episodes"])
    model.ep_info_buffer, model.ep_success_buffer = (deque(of, maxlen=EPISODES) for of in (episodes, ()))
    for generator, state in zip((model.rng, model.replay.rng, env.rng), text["draws"], strict=True):
        generator.bit_generator.state = state
    th.set_rng_state(th.from_numpy(arrays["torch"]))
    if model.device.type == "cuda" and "torch_cuda" in arrays:  # not where the run was begun without a GPU
        th.cuda.set_rng_state(th.from_numpy(arrays["torch_cuda"]), model.device)


def _env(model: DoubleDQN) -> TeachingVecEnv:
    assert isinstance(model.env, TeachingVecEnv)
    return model.env


def _columns(sessions: Any) -> dict[str, np.ndarray]:
    """All arrays of the sessions, whatever a simulator needs: what is constant does no harm."""
    found = {name: value for name, value in vars(sessions).items() if isinstance(value, np.ndarray)}
    return found | {f"beliefs.{k}": v for k, v in sessions.beliefs._asdict().items()}


def _restore_columns(sessions: Any, arrays: dict[str, np.ndarray]) -> None:
    sessions.beliefs = Beliefs(arrays.pop("beliefs.mean"), arrays.pop("beliefs.covariance"))
    for name, value in arrays.items():
        setattr(sessions, name, value)


def _adam(model: DoubleDQN) -> dict[int, dict[str, th.Tensor]]:
    state: dict[int, dict[str, th.Tensor]] = model.policy.optimizer.state_dict()["state"]
    return state


def _restore_adam(model: DoubleDQN, arrays: dict[str, np.ndarray]) -> None:
    held = model.policy.optimizer.state_dict()
    for name, value in arrays.items():
        number, part = name.split(".", 1)
        held["state"].setdefault(int(number), {})[part] = th.from_numpy(np.array(value))
    model.policy.optimizer.load_state_dict(held)


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _difference(old: str, new: str) -> str:
    before, now = json.loads(old), json.loads(new)
    changed = [
        f"{key} was {before.get(key)}, is {now.get(key)}"
        for key in sorted(before | now)
        if before.get(key) != now.get(key)
    ]
    return "; ".join(changed)


def _aside(path: Path, write: Any) -> None:
    """Written beside and moved into place: a run killed while writing leaves the older file whole."""
    beside = path.with_suffix(".part")
    write(beside)
    os.replace(beside, path)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]
