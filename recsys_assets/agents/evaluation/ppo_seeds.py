"""PPO from feedback, trained from several seeds and judged on people that nothing was fitted on.

Each seed fits its own reward model and its own agent. All start as the tuned re-ranker, which is the rival too: what
PPO adds is the difference between the two in the same sessions, person by person. The divergence is the exact one of
the whole choice, of the look that was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.agents.evaluation.comparison import Comparison, Contestant, compare
from recsys_assets.agents.evaluation.rivals import RIVAL
from recsys_assets.agents.evaluation.verdict import verdict
from recsys_assets.agents.policies.simple import BeliefPolicy
from recsys_assets.agents.policies.tuned import belief_policy, tune_belief_policy
from recsys_assets.agents.ppo.config import PpoConfig
from recsys_assets.agents.ppo.figures import PpoLook
from recsys_assets.agents.preferences.training import RewardConfig, train_reward_model
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.atomic import atomic_file, write_text
from recsys_assets.progress import Progress, silent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.ppo.training import PpoResult

AGENT, GREEDY = "ppo", "greedy on the taste"


@dataclass(frozen=True)
class PpoSeeds:
    """The trainings, and held-out people in both simulators."""

    trainings: tuple[PpoResult, ...]
    held_out: Comparison
    other_mechanism: Comparison

    @property
    def kept(self) -> tuple[PpoLook, ...]:
        """The look of each training whose policy was kept."""
        return tuple(next(k for k in t.looks if k.steps == t.best_step) for t in self.trainings)

    @property
    def sentences(self) -> list[str]:
        """What came of it, in words and figures."""
        ends = [f"{t.looks[-1].truth - t.looks[0].truth:+.2f}" for t in self.trainings]
        kept = [
            f"step {k.steps:,} ({k.truth - t.looks[0].truth:+.2f}, KL {k.kl:.3f})"
            for k, t in zip(self.kept, self.trainings, strict=True)
        ]
        return [
            verdict(self.held_out, AGENT).sentence,
            verdict(self.other_mechanism, AGENT).sentence,
            f"On validation people {len(ends)} trainings ended at {', '.join(ends)} from their start; kept were "
            f"{', '.join(kept)}.",
        ]


def ppo_seeds(
    setting: AgentSetting,
    config: PpoConfig | None = None,
    reward: RewardConfig | None = None,
    *,
    seeds: int = 3,
    sessions_a_seed: int = 4,
    seed: int,
    progress: Progress = silent,
) -> PpoSeeds:
    """Train and compare. Held-out people are looked at here, once."""
    from recsys_assets.agents.ppo.training import train_ppo

    config = config or PpoConfig()
    weights = tune_belief_policy(setting, config.tuning, seed=seed, progress=progress)
    trainings = []
    for number in range(seed, seed + seeds):
        proxy = train_reward_model(setting, reward, seed=number, weights=weights, progress=progress)
        trainings.append(train_ppo(setting, proxy, config, seed=number, weights=weights, progress=progress))
    contestants = [
        Contestant(AGENT, tuple(t.policy for t in trainings)),
        Contestant.of(belief_policy(setting, weights, name=RIVAL)),
        Contestant.of(BeliefPolicy(setting.world, model=setting.model, name=GREEDY)),
    ]
    in_a, in_b = (
        compare(
            setting.sessions(simulator),
            contestants,
            reference=RIVAL,
            seeds=seeds,
            sessions_a_seed=sessions_a_seed,
            seed=seed,
            progress=progress,
        )
        for simulator in (setting.simulator_a("held_out"), setting.simulator_b("held_out"))
    )
    return PpoSeeds(tuple(trainings), in_a, in_b)


def parted_figure(trainings: Sequence[PpoResult]) -> Figure:
    """Proxy and truth over the distance travelled, of all trainings."""
    from matplotlib.figure import Figure as Drawn

    figure = Drawn(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel="square root of KL to the reference (nats)", ylabel="gain over the start", title="Proxy and truth")
    for number, training in enumerate(trainings):
        distance = np.sqrt(np.maximum([look.kl for look in training.looks], 0))
        for name, colour in (("proxy", "#d55e00"), ("truth", "#0072b2")):
            gain = np.array([getattr(look, name) for look in training.looks])
            axes.plot(distance, gain - gain[0], color=colour, marker="o", label=None if number else name)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.legend()
    return figure


def write_ppo_seeds(found: PpoSeeds, folder: Path) -> Path:
    """`ppo.md` and `ppo.png` in `folder`; the path of the first."""
    from recsys_assets.evaluation.canvas import png_bytes

    lines = ["# PPO from feedback against its start", "", *(f"- {said}" for said in found.sentences), ""]
    for comparison in (found.held_out, found.other_mechanism):
        lines += [
            f"## {comparison.simulator}",
            "",
            "| policy | return | difference | over trainings |",
            "|---|---|---|---|",
        ]
        for r in comparison.results:
            differences = (f"{d.mean:+.3f} ({d.low:+.3f} to {d.high:+.3f})" for d in (r.difference, r.over_trainings))
            lines.append(f"| {r.name} | {r.mean.mean:.3f} | {' | '.join(differences)} |")
        lines.append("")
    lines += ["| training | step | true | error | proxy | KL | its weight |", "|---|---|---|---|---|---|---|"]
    for number, training in enumerate(found.trainings):
        for k in training.looks:
            figures = f"{k.truth:.3f} | {k.error:.3f} | {k.proxy:.3f} | {k.kl:.4f} | {k.kl_weight:.3f}"
            lines.append(f"| {number} | {k.steps:,} | {figures} |")
    write_text(folder / "ppo.md", "\n".join([*lines, "", "![Proxy and truth](ppo.png)", ""]))
    with atomic_file(folder / "ppo.png") as aside:
        aside.write_bytes(png_bytes(parted_figure(found.trainings)))
    return folder / "ppo.md"
