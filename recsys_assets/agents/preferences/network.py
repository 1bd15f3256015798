"""One member of the reward model's ensemble in torch: what is fitted. `reward_model` has the formula."""

from __future__ import annotations

import torch as th
from torch import nn

from recsys_assets.agents.preferences.lessons import Lesson
from recsys_assets.agents.preferences.reward_model import SLOPE
from recsys_assets.agents.preferences.view import PAIR
from recsys_assets.recommenders.data import FloatArray


class RewardNetwork(nn.Module):
    """r(s, i) of rows of states, pair numbers and movies' features."""

    def __init__(self, state_width: int, feature_width: int, *, hidden: int = 32, width: int = 8) -> None:
        super().__init__()
        self.scale = nn.Parameter(th.tensor(1.5))
        self.trunk = nn.Linear(state_width, hidden)
        self.phi = _zero(nn.Linear(hidden, width))
        self.psi = nn.Sequential(nn.Linear(feature_width, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, width))
        self.pair_numbers = nn.Linear(len(PAIR), hidden)
        self.pair_state = nn.Linear(hidden, hidden, bias=False)
        self.pair_out = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.pair_out.weight)

    def forward(self, states: th.Tensor, numbers: th.Tensor, features: th.Tensor) -> th.Tensor:
        """(b,) of (b, s), (b, p) and (b, d)."""
        trunk = nn.functional.leaky_relu(self.trunk(states), SLOPE)
        hidden = nn.functional.leaky_relu(self.pair_numbers(numbers) + self.pair_state(trunk), SLOPE)
        matched = (self.phi(trunk) * self.psi(features)).sum(dim=1)
        found: th.Tensor = self.scale * numbers[:, 0] + matched + self.pair_out(hidden)[:, 0]
        return found

    def both(self, lesson: Lesson, movies: FloatArray) -> tuple[th.Tensor, th.Tensor]:
        """r (p,) of the better and of the worse of each pair; `movies` (n, d): inputs by the lesson's rows."""
        states = th.from_numpy(lesson.states)
        return tuple(
            self(states, th.from_numpy(numbers), th.from_numpy(movies[rows]))
            for numbers, rows in ((lesson.better, lesson.better_rows), (lesson.worse, lesson.worse_rows))
        )

    @th.no_grad()
    def arrays(self, features: th.Tensor) -> dict[str, FloatArray]:
        """Plain arrays for scoring without torch; psi of all `features` (n, d)."""
        named = {name: value for name, value in self.named_parameters() if not name.startswith("psi.")}
        kept = {**named, "vectors": self.psi(features)}
        return {name: value.detach().cpu().numpy().astype("float32") for name, value in kept.items()}


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
