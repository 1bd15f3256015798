"""The environments' ids, registered when this is imported: `gymnasium.make("SimulatedFeedback-v0", sessions=...)`."""

from __future__ import annotations

import gymnasium as gym

IDS: dict[str, str] = {
    "SimulatedFeedback-v0": "recsys_assets.agents.environments.simulated_feedback:SimulatedFeedback",
    "LoggedSession-v0": "recsys_assets.agents.environments.logged_session:LoggedSession",
    "RatedCatalogue-v0": "recsys_assets.agents.environments.rated_catalogue:RatedCatalogue",
    "RandomUsers-v0": "recsys_assets.agents.environments.random_users:RandomUsers",
}
"""Id -> `module:Class`."""


def register_all() -> None:
    """Register what is not registered yet; calling it again changes nothing."""
    for name, entry_point in IDS.items():
        if name not in gym.registry:
            gym.register(id=name, entry_point=entry_point)


register_all()
