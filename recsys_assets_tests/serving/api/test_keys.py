"""Who may ask: keys are kept as hashes, have scopes, can be revoked, and have a rate."""

from __future__ import annotations

import stat
import threading

import pytest
from typer.testing import CliRunner

from recsys_assets.cli import app
from recsys_assets.serving.api import keys as keys_module
from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.guard import RateLimits
from recsys_assets.serving.api.keys import ApiKeyError, KeyRing, add_key, keys_path, read_keys, revoke_key
from recsys_assets.settings import Settings
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.test_feedback import event


def test_a_key_is_nowhere_but_with_its_owner(settings: Settings) -> None:
    path = keys_path(settings)
    made, key = add_key(path, "shop", ("read",))
    secret = key.split("_", 2)[2]
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyRing(path).find(key) == made


@pytest.mark.parametrize("given", ["", "rk_", "rk_00000000_" + "A" * 43, "Bearer x", "x" * 10_000, "rk_\x00"])
def test_what_is_no_key_opens_nothing(settings: Settings, given: str) -> None:
    add_key(keys_path(settings), "shop", ("read",))
    assert KeyRing(keys_path(settings)).find(given) is None


def test_the_secret_of_one_key_does_not_open_another(settings: Settings) -> None:
    path = keys_path(settings)
    (_, one), (_, two) = add_key(path, "one", ("read",)), add_key(path, "two", ("read",))
    mixed = "_".join([*one.split("_", 2)[:2], two.split("_", 2)[2]])
    assert KeyRing(path).find(mixed) is None


def test_revoked_keys_are_refused_and_stay_on_the_list(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "LOOK_SECONDS", 0)
    path = keys_path(settings)
    made, key = add_key(path, "shop", ("read",))
    ring = KeyRing(path)
    assert ring.find(key)
    revoke_key(path, "shop")
    assert ring.find(key) is None
    assert [k.id for k in read_keys(path) if k.revoked_at] == [made.id]
    with pytest.raises(ApiKeyError, match="no key 'shop' is in force"):
        revoke_key(path, "shop")
    add_key(path, "shop", ("read",))


def test_keys_made_at_once_are_all_kept(settings: Settings) -> None:
    path = keys_path(settings)
    makers = [threading.Thread(target=add_key, args=(path, f"k{n}", ("read",))) for n in range(8)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert {k.name for k in read_keys(path)} == {f"k{n}" for n in range(8)}


def test_keys_are_asked_for_beyond_loopback_unless_said_otherwise() -> None:
    for host, asked in (("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("shop", True)):
        assert ApiConfig(host=host).asks_for_keys is asked
        assert (ApiConfig(host=host).limit is not None) is asked
    assert not ApiConfig(host="0.0.0.0", keys=False).asks_for_keys
    assert ApiConfig(keys=True).asks_for_keys


def test_a_scope_opens_its_routes_and_admin_all(start: Start, settings: Settings) -> None:
    path = keys_path(settings)
    keys = {scope: add_key(path, scope, (scope,))[1] for scope in ("read", "feedback", "admin")}  # type: ignore[misc]
    client = start(keys=True)

    def status(route: str, scope: str | None) -> int:
        headers = {"X-API-Key": keys[scope]} if scope else {}
        if route == "feedback":
            return client.post("/v1/feedback", json=event(), headers=headers).status_code
        return client.get(route, headers=headers).status_code

    for scope, expected in {
        None: (401, 401, 401),
        "read": (200, 403, 403),
        "feedback": (403, 202, 403),
        "admin": (200, 202, 200),
    }.items():
        assert tuple(status(route, scope) for route in ("/v1/models", "feedback", "/metrics")) == expected
    assert client.get("/health").status_code == client.get("/ready").status_code == 200
    refused = client.get("/v1/models")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    bearer = client.get("/v1/models", headers={"Authorization": f"Bearer {keys['read']}"})
    assert bearer.status_code == 200


def test_nobody_learns_of_a_body_what_the_key_does_not_open(start: Start, settings: Settings) -> None:
    _, key = add_key(keys_path(settings), "shop", ("feedback",))
    client = start(keys=True, rate_limit="3/minute")
    routes = [route for route, of in client.get("/openapi.json").json()["paths"].items() if "post" in of]
    assert len(routes) == 4
    for route in routes:
        for body in (b"no json", b"{}", b" " * 900_000):
            headers = {"Content-Type": "application/json"}
            assert client.post(route, content=body, headers=headers).status_code == 401, route
            if route != "/v1/feedback":
                answer = client.post(route, content=body, headers=headers | {"X-API-Key": key})
                assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden"), route
    told = [client.post("/v1/feedback", content=b"{}", headers=headers | {"X-API-Key": key}) for _ in range(4)]
    assert [answer.status_code for answer in told] == [422, 422, 422, 429], "each counts once"


def test_keys_that_cannot_be_read_open_nothing_until_they_can(
    start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "LOOK_SECONDS", 0)
    path = keys_path(settings)
    _, key = add_key(path, "shop", ("read",))
    client, kept = start(keys=True), path.read_text()
    path.write_text(kept[:-20])
    refused = client.get("/v1/genres", headers={"X-API-Key": key})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/keys-unavailable")
    path.write_text(kept)
    assert client.get("/v1/genres", headers={"X-API-Key": key}).status_code == 200


def test_a_key_that_asks_too_often_waits_and_others_do_not(start: Start, settings: Settings) -> None:
    path = keys_path(settings)
    few, many = add_key(path, "few", ("read",))[1], add_key(path, "many", ("read",), rate_limit="100/minute")[1]
    client = start(keys=True, rate_limit="2/minute")
    asked = [client.get("/v1/genres", headers={"X-API-Key": few}) for _ in range(3)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert 1 <= int(asked[2].headers["Retry-After"]) <= 60
    assert asked[2].json()["type"] == "/problems/too-many-requests"
    assert [client.get("/v1/genres", headers={"X-API-Key": many}).status_code for _ in range(4)] == [200] * 4


def test_a_window_moves_and_no_limit_is_no_limit() -> None:
    limits = RateLimits("3/second")
    assert [bool(limits.wait("a")) for _ in range(4)] == [False, False, False, True]
    assert limits.wait("b") == 0
    assert all(RateLimits(None).wait("a") == 0 for _ in range(100))
    with pytest.raises(ValueError, match="is no rate"):
        ApiConfig(rate_limit="often")


def test_the_command_line_makes_lists_and_revokes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    run = CliRunner()
    added = run.invoke(app, ["keys", "add", "shop", "--scope", "read", "--rate-limit", "100/minute"])
    assert added.exit_code == 0
    key = added.stdout.strip()
    assert KeyRing(keys_path(settings)).find(key) is not None
    listed = run.invoke(app, ["keys", "list", "--json"])
    assert '"name": "shop"' in listed.stdout
    assert "sha256" not in listed.stdout
    assert run.invoke(app, ["keys", "revoke", "shop"]).exit_code == 0
    assert KeyRing(keys_path(settings)).find(key) is None
    assert run.invoke(app, ["keys", "add", "x", "--scope", "root"]).exit_code == 2
    assert run.invoke(app, ["keys", "revoke", "nobody"]).exit_code == 1
