"""What `deploy/` says agrees with the package, with itself, and with what a laptop runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from recsys_assets.cli import app as cli
from recsys_assets.serving.api.serve import GRACE_SECONDS
from recsys_assets.settings import PROJECT_ROOT, Settings, load_settings

DEPLOY = PROJECT_ROOT / "deploy"
OURS = ("code", "webserver", "daemon", "mlflow", "api", "app")


def document(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return document(DEPLOY / "compose.yaml")["services"]


def test_runs_are_limited_and_watched_as_on_a_laptop() -> None:
    laptop = document(PROJECT_ROOT / ".dagster" / "dagster.yaml")
    deployed = document(DEPLOY / "dagster" / "dagster.yaml")
    del laptop["code_servers"]  # how long a web UI waits for the code server that it starts itself
    assert {key: deployed[key] for key in laptop} == laptop
    assert set(deployed) - set(laptop) == {"storage", "local_artifact_storage", "compute_logs"}


def test_every_service_is_watched_and_may_do_little(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"postgres", *OURS}
    assert all("healthcheck" in service and service["restart"] == "unless-stopped" for service in services.values())
    for name in OURS:
        assert services[name]["read_only"] is True, name
        assert services[name]["cap_drop"] == ["ALL"], name
    assert "USER 10001" in (DEPLOY / "Dockerfile").read_text()


def test_the_api_has_time_to_finish_before_it_is_killed(services: dict[str, dict[str, Any]]) -> None:
    assert int(services["api"]["stop_grace_period"].removesuffix("s")) >= 2 * GRACE_SECONDS


def test_nothing_is_published_beyond_loopback(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_stands_in_a_file_of_ours() -> None:
    for path in (p for p in DEPLOY.rglob("*") if p.is_file() and p.name != ".env"):
        for line in path.read_text(encoding="utf-8").splitlines():
            told = re.sub(r"\$\{[^}]*\}", "", line)
            assert not re.search(r"password\w*\s*[:=]\s*[\w?]|://\w+:\w+@", told, re.IGNORECASE), f"{path.name}: {line}"


def test_units_and_compose_run_the_same_commands(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        unit = (DEPLOY / "systemd" / f"recsys@{name}.service.d" / "run.conf").read_text()
        line = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)[-1]
        command = services[name]["command"]
        words = command[-1].removeprefix("exec ").split() if command[0] == "sh" else command
        told = " ".join(words).replace('"$$RECSYS_MLFLOW_DATABASE"', "${RECSYS_MLFLOW_DATABASE}")
        assert line == f"/opt/recsys/bin/{told.replace('0.0.0.0', '127.0.0.1')}"


@pytest.mark.parametrize("name", ["api", "app"])
def test_commands_of_ours_are_there_with_these_options(services: dict[str, dict[str, Any]], name: str) -> None:
    import typer.main

    _, command, *options = services[name]["command"]
    known = typer.main.get_command(cli).commands[command]  # type: ignore[attr-defined]
    assert {o for o in options if o.startswith("--")} <= {o for p in known.params for o in (*p.opts, *p.secondary_opts)}


def test_every_variable_is_one_that_the_settings_read(services: dict[str, dict[str, Any]]) -> None:
    known = {f"RECSYS_{name.upper()}" for name in Settings.model_fields} | {"RECSYS_CODE_HOST", "RECSYS_API_WORKERS"}
    told = {key for name in OURS for key in services[name]["environment"] if key.startswith("RECSYS_")}
    for name in ("Dockerfile", "recsys.env.example"):
        told |= set(re.findall(r"\bRECSYS_[A-Z]\w*", (DEPLOY / name).read_text()))
    assert told <= known


def test_what_is_set_in_the_environment_file_reaches_every_service(services: dict[str, dict[str, Any]]) -> None:
    """As systemd's EnvironmentFile does; but a mirror is a folder of the machine, which has another place inside."""
    for name in OURS:
        assert services[name]["env_file"] == [{"path": ".env", "required": False}]
        assert services[name]["environment"]["RECSYS_DATA_MIRROR"] == "${RECSYS_DATA_MIRROR:+/srv/mirror}"
        assert "${RECSYS_DATA_MIRROR:-./dagster}:/srv/mirror:ro" in services[name]["volumes"]
    assert load_settings(data_mirror="", api_public_url="").data_mirror is None


def test_links_of_the_app_lead_where_a_browser_gets_to(services: dict[str, dict[str, Any]]) -> None:
    environment = services["app"]["environment"]
    for name, port in {"API": 8000, "DAGSTER": 3000}.items():
        assert environment[f"RECSYS_{name}_PUBLIC_URL"].endswith(f":-http://127.0.0.1:{port}}}")


def test_the_password_of_a_shared_store_is_not_shown() -> None:
    address = "postgresql+psycopg2://recsys:secret@host/mlflow"
    settings = load_settings(mlflow_database=address)
    assert settings.mlflow_uri == address
    assert "secret" not in repr(settings)
