"""At the door: whatever is sent, the answer is what was asked for or a problem that says why not; never a 500."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest

from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.running import Client

JSON = {"Content-Type": "application/json"}
NASTY = [
    "'; DROP TABLE movies; --",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "../../../../etc/passwd",
    "\x00\x1b[31m",
    "\u202egnp.exe",
    "%00%ff",
    "9" * 5000,
    "-1",
    "1e308",
    "NaN",
    "日本語 🎬",
]


def problem(answer: httpx.Response, status: int) -> Any:
    """The document, after its form was looked at."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == status
    assert found["type"].startswith("/problems/")
    assert found["request_id"] == answer.headers["X-Request-ID"]
    return found


@pytest.mark.parametrize("text", NASTY)
def test_nasty_strings_are_data_or_refused(client: Client, text: str) -> None:
    assert client.get("/v1/movies", params={"query": text[:200]}).status_code == 200
    for path in ("/v1/users/{}/recommendations", "/v1/movies/{}", "/v1/models/{}", "/v1/users/{}/profile"):
        answer = client.get(path.format(httpx.QueryParams({"": text[:300]}).__str__()[1:].replace("+", "%20")))
        assert answer.status_code in (404, 422), answer.text
    for params in ({"genres": text}, {"model": text}, {"k": text}, {"exclude": text}, {"policy": text}):
        answer = client.get("/v1/users/1/recommendations", params=params)
        assert answer.status_code in (404, 422), answer.text
        problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "params",
    [
        {"k": 0},
        {"k": 101},
        {"k": 10**30},
        {"diversity": 1},
        {"diversity": "nan"},
        {"alpha": "inf"},
        {"year_from": 2000, "year_to": 1990},
        {"explain": "perhaps"},
        {"unknown": 1},
    ],
)
def test_values_out_of_range_are_named(client: Client, params: dict[str, Any]) -> None:
    found = problem(client.get("/v1/users/1/recommendations", params=params), 422)
    assert next(iter(params)).split("_")[0] in found["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"k": NaN}',
        b'{"k": Infinity}',
        b'{"ratings": [{"movie_id": 1, "rating": NaN}]}',
        b'{"likes": [' + b"9" * 5_000 + b"]}",
        b'{"likes": [1.5]}',
        b'{"likes": ["1; DELETE"]}',
        b'{"likes": [-1]}',
        b'{"likes": [9007199254740993]}',
        b'{"genres": ["\\ud800"]}',
        b'{"genres": [""]}',
        b'{"session": [{"movie_id": 1, "action": "explode"}]}',
        b'{"session": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"likes": [1], "likez": [2]}',
        b"\xff\xfe{}",
        b'{"exclude": [' + b",".join(b"1" for _ in range(1_001)) + b"]}",
    ],
)
def test_bodies_that_are_wrong_are_problems(client: Client, body: bytes) -> None:
    answer = client.post("/v1/recommendations", content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    problem(answer, answer.status_code)


def test_unknown_movies_are_named_and_those_of_a_profile_ignored(client: Client) -> None:
    assert problem(client.get("/v1/movies/999"), 404)["unknown_movies"] == [999]
    assert problem(client.post("/v1/rank", json={"movies": [1, 999, 998]}), 404)["unknown_movies"] == [999, 998]
    predicted = client.post("/v1/ratings/predict", json={"user_id": 1, "movies": [999]})
    assert problem(predicted, 404)["type"] == "/problems/unknown-movie"
    found = client.post("/v1/recommendations", json={"likes": [2, 999], "exclude": [998]}).json()
    assert found["ignored_movies"] == [999]


def test_unknown_users_have_no_profile_and_no_history(client: Client) -> None:
    assert problem(client.get("/v1/users/999/profile"), 404)["type"] == "/problems/unknown-user"
    assert problem(client.get("/v1/users/999/history"), 404)["type"] == "/problems/unknown-user"


def test_paths_and_methods_that_are_not_there_are_problems_too(client: Client) -> None:
    assert problem(client.get("/v1/nothing"), 404)["type"] == "/problems/not-found"
    answer = client.delete("/v1/models")
    assert "GET" in answer.headers["Allow"]
    problem(answer, 405)


def test_too_long_bodies_are_refused_declared_or_not(start: Start) -> None:
    client = start(max_body=10_000)
    problem(client.post("/v1/recommendations", content=b" " * 10_001, headers=JSON), 413)
    problem(client.post("/v1/recommendations", content=iter([b" " * 6_000] * 3), headers=JSON), 413)
    assert client.post("/v1/recommendations", content=b'{"likes": [1]}', headers=JSON).status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(start: Start) -> None:
    client = start(body_seconds=0.2)
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as slow:
        head = "POST /v1/recommendations HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Length: 50"
        slow.sendall("\r\n".join([*head, "", '{"likes"']).encode())
        assert b" 408 " in slow.recv(4096).split(b"\r\n")[0]


def test_answers_carry_headers_for_safety_and_name_no_server(client: Client) -> None:
    for answer in (client.get("/v1/models"), client.get("/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "server" not in answer.headers


def test_other_origins_are_let_in_only_where_they_are_named(client: Client, start: Start) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in client.options("/v1/models", headers=asked).headers
    opened = start(cors_origins=["https://shop.example"])
    assert opened.options("/v1/models", headers=asked).headers["access-control-allow-origin"] == "https://shop.example"
    elsewhere = asked | {"Origin": "https://evil.example"}
    assert "access-control-allow-origin" not in opened.options("/v1/models", headers=elsewhere).headers


def test_a_bug_is_a_500_problem_that_tells_nothing(start: Start) -> None:
    client = start()

    def broken(*_: object) -> None:
        raise RuntimeError("secret path /srv/keys")

    client.service.person = broken  # type: ignore[method-assign, assignment]
    answer = client.get("/v1/users/1/recommendations")
    assert "secret" not in json.dumps(problem(answer, 500))
    assert client.get("/health").status_code == 200
