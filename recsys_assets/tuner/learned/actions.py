"""What the learned tuner may do: for each stage a step from where it is or from what the model proposes."""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray

STAY, PROPOSAL = 0, 1
FACTORS = np.array([1.0, 1.0, 0.9, 1.1, 1.25, 0.75])
"""Of the workers as they are (0) or as proposed (1 and after)."""
READY = np.array([1.0, 0.5, 2.0])
"""Of the proposed prefetch."""
CHOICES = (*(len(FACTORS),) * N_STAGES, len(READY))
"""Of each of the five parts of an action."""
FOLLOW = np.array([PROPOSAL] * N_STAGES + [0])
"""The action that takes the proposal as it is: what the policy does before it has learned anything."""


def allocation_for(actions: IntArray, now: Allocation, proposal: Allocation) -> Allocation:
    """`actions` (b, 5) as an allocation; small numbers of workers move by one at least."""
    chosen = actions[:, :N_STAGES]
    wanted = proposal.workers * FACTORS[chosen]
    wanted = np.where(FACTORS[chosen] > 1, np.maximum(wanted, proposal.workers + 1), wanted)
    wanted = np.where(FACTORS[chosen] < 1, np.minimum(wanted, proposal.workers - 1), wanted)
    workers = np.where(chosen == STAY, now.workers, np.rint(wanted))
    return Allocation.bounded(workers, np.floor(proposal.prefetch * READY[actions[:, N_STAGES]]))
