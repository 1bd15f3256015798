"""From the inbox to a retrained model with a real daemon, killed on the way; `killing` is the longer version."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets_tests.e2e.killing import kill_test

pytestmark = pytest.mark.e2e


def test_every_event_counts_once_and_is_learned_from_though_the_daemon_is_killed(tmp_path: Path) -> None:
    outcome = kill_test(tmp_path, batches=20, kills=2, seconds=30, patience=600, seed=7)
    assert len(outcome.kills) == 2
    assert sorted(outcome.stored) == sorted(outcome.sent), outcome.summary()
    assert sorted(outcome.published) == sorted(outcome.sent)
    assert outcome.copies > 0
    assert outcome.rejected == 2
    assert outcome.waiting == 0
    assert outcome.seen == outcome.current, outcome.summary()
    assert outcome.current[1] == len(outcome.sent)
