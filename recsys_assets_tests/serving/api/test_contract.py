"""The running app keeps to its own OpenAPI document, whatever schemathesis thinks of sending."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from recsys_assets_tests.serving.api.running import Client


@pytest.fixture(scope="package")
def api_schema(client: Client) -> object:
    return schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_declared(case: schemathesis.Case) -> None:
    case.call_and_validate()
