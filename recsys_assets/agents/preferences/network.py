"""One member of the reward model's ensemble in torch: what is fitted. `reward_model` has the formula."""

from __future__ import annotations

import torch as th
from torch import nn

from recsys_assets.agents.preferences.lessons import Lesson
from recsys_assets.agents.preferences.reward_model import SLOPE
from recsys_assets.agents.preferences.view import ASKED, LINEAR, PAIR
from recsys_assets.recommenders.data import FloatArray


class RewardNetwork(nn.Module):
    """r(s, i) of rows of states, pair numbers and movies' features."""

    def __init__(self, state_width: int, feature_width: int, *, hidden: int = 32, width: int = 8) -> None:
        super().__init__()
        self.start = nn.Parameter(th.zeros(2, len(LINEAR)))
        self.trunk = nn.Linear(state_width, hidden)
        self.phi = _zero(nn.Linear(hidden, width))
        self.psi = nn.Sequential(nn.Linear(feature_width, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, width))
        self.pair_numbers = nn.Linear(len(PAIR), hidden)
        self.pair_state = nn.Linear(hidden, hidden, bias=False)
        self.pair_out = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.pair_out.weight)

    def forward(self, states: th.Tensor, numbers: th.Tensor, features: th.Tensor) -> th.Tensor:
        """(b,) of (b, s), (b, p) and (b, d)."""
        return self._of(*self._people(states), states, numbers, features)

    def _people(self, states: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """What is the same for every movie of a state: phi (b, width), and its part of the hidden layer (b, hidden)."""
        trunk = nn.functional.leaky_relu(self.trunk(states), SLOPE)
        return self.phi(trunk), self.pair_state(trunk)

    def _of(
        self, phi: th.Tensor, of_state: th.Tensor, states: th.Tensor, numbers: th.Tensor, features: th.Tensor
    ) -> th.Tensor:
        hidden = nn.functional.leaky_relu(self.pair_numbers(numbers) + of_state, SLOPE)
        start = (numbers[:, : len(LINEAR)] * self.start[states[:, ASKED].long()]).sum(dim=1)
        matched = (phi * self.psi(features)).sum(dim=1)
        found: th.Tensor = start + matched + self.pair_out(hidden)[:, 0]
        return found

    def both(self, lesson: Lesson, movies: FloatArray) -> tuple[th.Tensor, th.Tensor]:
        """r (p,) of the better and of the worse of each pair; `movies` (n, d): inputs by the lesson's rows."""
        states = th.from_numpy(lesson.states)
        people = self._people(states)
        better, worse = (
            self._of(*people, states, th.from_numpy(numbers), th.from_numpy(movies[rows]))
            for numbers, rows in ((lesson.better, lesson.better_rows), (lesson.worse, lesson.worse_rows))
        )
        return better, worse

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
