"""The commands of the identity dialect: what they make, what they show, and what they keep to themselves."""

import json
from typing import Any

import jwt
import pytest

from parlance.errors import UnauthenticatedError
from parlance.identity.tokens import InvalidTokenError
from parlance.identity.vault import LocalVault
from parlance_cli.deployment import Deployment
from parlance_cli.identity import operations
from tests.unit.cli.conftest import Run

ISSUER = "https://login.example"
START = "2025-06-15T15:06:40.000Z"


@pytest.fixture
def tenant(run: Run) -> str:
    assert run("tenant", "create", "Acme", "--id", "acme").exit_code == 0
    return "acme"


@pytest.fixture
def ann(run: Run, tenant: str) -> str:
    assert run("user", "create", tenant, "Ann", "--id", "ann").exit_code == 0
    return "ann"


def parsed(run: Run, *arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(run: Run, *arguments: str) -> str:
    """The one line that was said."""
    result = run(*arguments)
    assert result.exit_code != 0
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line.removeprefix("parlance: ")


def test_a_license_is_shown_once_and_alone(run: Run, deployment: Deployment, tenant: str) -> None:
    result = run("license", "create", tenant, "--auth-level", "system", "--name", "backend")
    text = result.stdout.strip()
    found = operations.licenses_of(deployment).verify(text)
    assert (found.tenant_id, found.auth_level, found.name) == (tenant, "system", "backend")
    assert "will not be shown again" in result.stderr
    listed = run("license", "list", tenant).stdout
    assert "system" in listed
    assert text not in listed
    assert text[-4:] in listed


def test_a_license_is_a_users_unless_told_otherwise(run: Run, tenant: str) -> None:
    made = parsed(run, "license", "create", tenant)
    assert made["license"].startswith("lk_")
    assert made["auth_level"] == "user"
    [listed] = parsed(run, "license", "list", tenant)
    assert listed == {name: value for name, value in made.items() if name != "license"}


def test_a_revoked_license_says_so(run: Run, deployment: Deployment, tenant: str) -> None:
    made = parsed(run, "license", "create", tenant)
    assert run("license", "revoke", tenant, made["id"]).stdout == f"Revoked license {made['id']}\n"
    assert parsed(run, "license", "list", tenant)[0]["revoked_at"] == START
    with pytest.raises(UnauthenticatedError):
        operations.licenses_of(deployment).verify(made["license"])
    assert refused(run, "license", "revoke", tenant, "license_none") == "License not found"


def test_service_keys_show_their_secrets_only_when_asked(run: Run, deployment: Deployment, tenant: str) -> None:
    made = parsed(run, "service-key", "create", tenant, "--type", "hawk", "--tag", "shop")
    assert (made["type"], made["tag"], made["created_at"]) == ("hawk", "shop", START)
    assert operations.service_keys_of(deployment).verify(made["keyId"], made["keySecret"]).tenant_id == tenant
    assert made["keySecret"] not in run("service-key", "list", tenant).stdout
    assert "keySecret" not in parsed(run, "service-key", "list", tenant)[0]
    assert parsed(run, "service-key", "list", tenant, "--secrets") == [made]
    assert made["keySecret"] in run("service-key", "list", tenant, "--secrets").stdout


def test_a_service_key_is_reset(run: Run, deployment: Deployment, tenant: str) -> None:
    old = parsed(run, "service-key", "create", tenant, "--tag", "shop")
    printed = run("service-key", "reset", tenant, old["keyId"])
    [key_id, secret] = [line.split()[1] for line in printed.stdout.splitlines()]
    keys = operations.service_keys_of(deployment)
    assert keys.verify(key_id, secret).tag == "shop"
    with pytest.raises(UnauthenticatedError):
        keys.verify(old["keyId"], old["keySecret"])
    assert refused(run, "service-key", "reset", tenant, old["keyId"]) == "Service key not found"


def test_a_key_sealed_by_another_stack_is_no_trace(run: Run, deployment: Deployment, tenant: str) -> None:
    run("service-key", "create", tenant)
    object.__setattr__(deployment.credentials, "vault", LocalVault(bytes([1]) * 32))
    assert refused(run, "service-key", "list", tenant) == (
        "A stored secret was sealed under another key than the stack's."
    )


def test_users_come_and_go(run: Run, tenant: str) -> None:
    made = parsed(
        run, "user", "create", tenant, "Ann", "--id", "ann", "--community", "staff", "--permission", "b",
        "--permission", "a",
    )  # fmt: skip
    assert made == {
        "id": "ann",
        "username": "Ann",
        "community": "staff",
        "status": "active",
        "permissions": "a, b",
        "created_at": START,
    }
    assert run("user", "create", tenant, "Bob").stdout.startswith("Created user user_")
    assert run("user", "disable", tenant, "ann").stdout == "Disabled user ann\n"
    assert [user["status"] for user in parsed(run, "user", "list", tenant) if user["id"] == "ann"] == ["disabled"]
    assert run("user", "enable", tenant, "ann").stdout == "Enabled user ann\n"
    assert [user["status"] for user in parsed(run, "user", "list", tenant)] == ["active", "active"]
    assert refused(run, "user", "create", tenant, "Again", "--id", "ann") == (
        "There is a user of that id. (user_id: ann)"
    )
    assert refused(run, "user", "disable", tenant, "nobody") == "User not found"


def test_a_user_may_chat_unless_told_otherwise(run: Run, tenant: str, ann: str) -> None:
    assert parsed(run, "user", "list", tenant)[0]["permissions"] == "chatbot"


def test_login_sessions_begin_and_end(run: Run, tenant: str, ann: str) -> None:
    first = run("login-session", "create", tenant, ann, "--minutes", "5")
    assert first.stderr == "It lives until 2025-06-15T15:11:40.000Z.\n"
    second = parsed(run, "login-session", "create", tenant, ann)
    assert second["expires_at"] == "2025-06-15T16:06:40.000Z"
    listed = parsed(run, "login-session", "list", tenant, ann)
    assert {session["id"] for session in listed} == {first.stdout.strip(), second["id"]}
    assert run("login-session", "end", tenant, ann).stdout == f"Ended all login sessions of user {ann}\n"
    assert run("login-session", "list", tenant, ann).stdout == "This user is not signed in.\n"
    for command in ("create", "list", "end"):
        assert refused(run, "login-session", command, tenant, "nobody") == "User not found"
    run("user", "disable", tenant, ann)
    assert refused(run, "login-session", "create", tenant, ann) == "The user is disabled."


def test_issuers_share_a_secret_or_publish_keys(run: Run, tenant: str) -> None:
    shared = parsed(run, "issuer", "add", tenant, ISSUER)
    assert (shared["audience"], shared["algorithms"]) == ("parlance", "HS256")
    given = run("issuer", "add", tenant, "urn:mine", "--audience", "chat", "--secret", "s" * 32)
    assert given.stdout == f"{'s' * 32}\n"
    keys = "https://keys.example/jwks.json"
    run("issuer", "add", tenant, "https://keys.example", "--jwks-url", keys, "--algorithm", "ES256")
    listed = {one["issuer"]: one for one in parsed(run, "issuer", "list", tenant)}
    assert listed["https://keys.example"]["algorithms"] == "ES256"
    assert listed["https://keys.example"]["jwks_url"] == keys
    table = run("issuer", "list", tenant).stdout
    assert shared["secret"] not in table
    assert "s" * 32 not in table
    assert run("issuer", "remove", tenant, "urn:mine").stdout == "Removed issuer urn:mine\n"
    assert "urn:mine" not in run("issuer", "list", tenant).stdout


def test_issuers_that_cannot_be(run: Run, tenant: str) -> None:
    assert refused(run, "issuer", "add", tenant, "not a url") == "An issuer is an absolute URL without spaces."
    assert refused(run, "issuer", "add", tenant, ISSUER, "--secret", "short") == (
        "An issuer's secret has 32 to 1024 bytes."
    )
    assert refused(run, "issuer", "add", tenant, ISSUER, "--jwks-url", "http://keys.example") == (
        "Keys are fetched from an https address."
    )
    assert refused(run, "issuer", "add", tenant, ISSUER, "--algorithm", "RS256") == (
        "--algorithm goes with --jwks-url: an issuer that shares a secret signs with HS256"
    )
    assert refused(run, "issuer", "add", tenant, ISSUER, "--jwks-url", "https://k", "--algorithm", "HS256") == (
        "An issuer with public keys signs with RS256 or ES256."
    )
    run("issuer", "add", tenant, ISSUER)
    assert refused(run, "issuer", "add", tenant, ISSUER) == f"This issuer is registered already. (issuer: {ISSUER})"
    assert refused(run, "issuer", "remove", tenant, "urn:none") == "Issuer not found"


def test_a_token_lets_its_user_in_until_they_sign_out(run: Run, deployment: Deployment, tenant: str, ann: str) -> None:
    run("issuer", "add", tenant, ISSUER)
    token = run("token", tenant, ann, "--minutes", "2").stdout.strip()
    assert operations.verify_token(deployment, token).account.id == ann
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 120
    run("login-session", "end", tenant, ann)
    with pytest.raises(InvalidTokenError):
        operations.verify_token(deployment, token)


def test_whose_secret_signs_a_token(run: Run, tenant: str, ann: str) -> None:
    assert refused(run, "token", tenant, ann) == (
        "A token is signed with an issuer's secret: add an issuer that shares one."
    )
    run("issuer", "add", tenant, "https://keys.example", "--jwks-url", "https://keys.example/keys")
    assert refused(run, "token", tenant, ann).startswith("A token is signed with an issuer's secret")
    for url in (ISSUER, "urn:other"):
        run("issuer", "add", tenant, url)
    assert refused(run, "token", tenant, ann) == "The tenant has several issuers with a secret: name one."
    token = parsed(run, "token", tenant, ann, "--issuer", "urn:other")["token"]
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == "urn:other"
    assert refused(run, "token", tenant, ann, "--issuer", "urn:none") == "Issuer not found (issuer: urn:none)"
    assert refused(run, "token", tenant, "nobody", "--issuer", ISSUER) == "User not found"


def test_a_refused_token_begins_no_session(run: Run, tenant: str, ann: str) -> None:
    refused(run, "token", tenant, ann)
    assert parsed(run, "login-session", "list", tenant, ann) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("license", "create", "nobody"),
        ("license", "list", "nobody"),
        ("license", "revoke", "nobody", "license_1"),
        ("service-key", "create", "nobody"),
        ("service-key", "list", "nobody"),
        ("service-key", "reset", "nobody", "k"),
        ("user", "create", "nobody", "Ann"),
        ("user", "list", "nobody"),
        ("user", "disable", "nobody", "ann"),
        ("user", "enable", "nobody", "ann"),
        ("issuer", "add", "nobody", ISSUER),
        ("issuer", "list", "nobody"),
        ("issuer", "remove", "nobody", ISSUER),
        ("login-session", "create", "nobody", "ann"),
        ("login-session", "list", "nobody", "ann"),
        ("login-session", "end", "nobody", "ann"),
        ("token", "nobody", "ann"),
    ],
)
def test_an_unknown_tenant_is_named(run: Run, arguments: tuple[str, ...]) -> None:
    assert refused(run, *arguments) == "Tenant not found (tenant_id: nobody)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("license", "create", "acme", "--auth-level", "root"), "'root' is not one of"),
        (("service-key", "create", "acme", "--type", "rsa"), "'rsa' is not one of"),
        (("token", "acme", "ann", "--minutes", "0"), "greater than or equal to 1"),
    ],
)
def test_a_value_that_there_is_not(run: Run, tenant: str, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_empty_lists_say_so(run: Run, tenant: str) -> None:
    assert run("license", "list", tenant).stdout == "This tenant has no licenses.\n"
    assert run("service-key", "list", tenant).stdout == "This tenant has no service keys.\n"
    assert run("user", "list", tenant).stdout == "This tenant has no users.\n"
    assert run("issuer", "list", tenant).stdout == "This tenant trusts no issuer.\n"
