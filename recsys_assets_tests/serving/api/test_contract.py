"""The running app keeps to its own OpenAPI document, whatever schemathesis thinks of sending."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from recsys_assets.serving.api.keys import add_key, keys_path
from recsys_assets.settings import Settings
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.running import Client

EXAMPLES = "4"
MEANING = "positive_data_acceptance"
"""Left out: a schema cannot say that a genre must be of this catalogue, or that a time must not be in the future."""


def test_schemathesis_finds_no_answer_that_is_not_as_declared(start: Start, settings: Settings, tmp_path: Path) -> None:
    _, key = add_key(keys_path(settings), "schemathesis", ("admin",))
    client = start(keys=True, rate_limit="0")
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{client.base_url}/openapi.json"),
        *("--header", f"X-API-Key: {key}", "--max-examples", EXAMPLES, "--seed", "1", "--no-color"),
        *("--phases", "examples,coverage,fuzzing", "--exclude-checks", MEANING, "--generation-database", "none"),
        "--suppress-health-check=too_slow",  # a busy machine is no fault of the service
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_document_has_examples_and_problems_and_names_all_routes(client: Client) -> None:
    document = client.get("/openapi.json").json()
    asked = {
        "/v1/users/{user_id}/recommendations",
        *("/v1/recommendations", "/v1/rank", "/v1/ratings/predict", "/v1/movies/{movie_id}/similar", "/v1/movies"),
        *("/v1/popular", "/v1/feedback", "/v1/users/{user_id}/profile", "/v1/models", "/health", "/ready", "/metrics"),
    }
    assert asked <= set(document["paths"])
    assert document["components"]["schemas"]["RecommendIn"]["examples"]
    assert "application/problem+json" in document["paths"]["/v1/rank"]["post"]["responses"]["422"]["content"]
    assert "securitySchemes" not in document["components"], "no keys are asked for here"
