"""What the OpenAPI document gives as examples is what its schemas allow: people copy them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from recsys_assets_tests.serving.api.running import Client


@pytest.fixture(scope="module")
def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def schemas_with_examples(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """(where it is, the schema, its examples); of media types and parameters, whose examples lie beside it, too."""
    if isinstance(node, list):
        for place, child in enumerate(node):
            yield from schemas_with_examples(child, f"{where}/{place}")
    elif isinstance(node, dict):
        given = node.get("examples", [])
        beside = [one["value"] for one in given.values()] if isinstance(given, dict) else list(given)
        beside += [node["example"]] if "example" in node else []
        if beside:
            yield where, node.get("schema", node), beside
        for name, child in node.items():
            if name not in ("examples", "example"):
                yield from schemas_with_examples(child, f"{where}/{name}")


def test_every_example_is_allowed_by_its_schema(document: dict[str, Any]) -> None:
    found = list(schemas_with_examples(document))
    assert len(found) > 60
    for where, schema, examples in found:
        allowed = Draft202012Validator({**schema, "components": document["components"]})
        for example in examples:
            faults = [error.message for error in allowed.iter_errors(example)]
            assert faults == [], f"{where}: {example}"


def test_examples_of_bodies_are_answered(client: Client, document: dict[str, Any]) -> None:
    """The small world has movies 1 to 24: what is asked for is changed to those, its form is not."""

    def small(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: small(child, key) for key, child in value.items()}
        if isinstance(value, list):
            return [small(child, name) for child in value]
        if name in ("movie_id", "movies", "likes"):
            return 1 + value % 24
        return "Comedy" if name == "genres" else value

    asked = 0
    for path, operations in document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if body is None or "feedback" in path:
            continue
        name = body["schema"]["$ref"].rsplit("/", 1)[1]
        for example in document["components"]["schemas"][name]["examples"]:
            body_sent = small(example) | ({"model": "biased_mf"} if example.get("model") else {})
            answer = client.post(path, json=body_sent)
            assert answer.status_code == 200, (path, example, answer.text)
            asked += 1
    assert asked >= 6
