from __future__ import annotations

import inspect

import pytest

from recsys_assets.cli.commands import COMMANDS
from recsys_assets_tests.cli.conftest import Recsys

NAMES = {c.__name__.replace("_", "-"): c for c in COMMANDS}


@pytest.mark.parametrize("command", NAMES)
def test_every_command_says_what_it_does_and_keeps_its_defaults_in_sight(command: str, recsys: Recsys) -> None:
    shown = recsys(command, "--help")
    assert shown.exit_code == 0
    function = NAMES[command]
    first = (inspect.getdoc(function) or "").split()[:4]
    assert " ".join(first) in " ".join(shown.output.split())
    if "dataset" in inspect.signature(function).parameters:
        assert "[default:" in shown.output.replace("\n", ""), "rich markup must not swallow square brackets"


def test_commands_are_listed_in_the_order_of_the_work(recsys: Recsys) -> None:
    shown = recsys("--help").output
    places = [shown.index(f"│ {name} ") for name in NAMES]
    assert places == sorted(places)
