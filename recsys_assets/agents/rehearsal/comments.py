"""What simulated people write, to fit what they did: for plumbing, not to measure sentiment by."""

from __future__ import annotations

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.recommenders.data import IntArray

SAID: dict[Act, tuple[str, ...]] = {
    Act.LIKE: ("Loved it!", "Loved the twist, great acting", "One of the best I have seen in years", "Brilliant 😍"),
    Act.WATCH: ("Good, a bit too long", "Solid acting, the plot less so", "Nice for an evening", "I enjoyed this one"),
    Act.CLICK: ("Looks interesting", "Maybe later", "Not sure about this one", "The trailer was fine"),
    Act.SKIP: ("Not for me", "Boring, far too long", "I did not like the acting", "Terrible plot 😴"),
    Act.IGNORE: ("",),
}
LONGEST = max(map(len, SAID.values()))


def comments_for(acts: IntArray, rng: np.random.Generator) -> list[str]:
    """One each."""
    places = rng.integers(LONGEST, size=len(acts))
    table = [[SAID[act][place % len(SAID[act])] for place in range(LONGEST)] for act in Act]
    chosen: list[str] = np.array(table, dtype=object)[acts, places].tolist()
    return chosen
