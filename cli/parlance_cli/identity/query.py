"""`parlance query`: one question to an agent, asked as the clients of the identity dialect ask."""

from collections.abc import Mapping
from typing import Annotated

import httpx
import typer

from parlance.clock import SystemClock
from parlance_cli.credentials import read_credentials, text_of
from parlance_cli.errors import CliError, LocalCloudNotRunningError
from parlance_cli.identity.client import Caller, IdentityClient
from parlance_cli.output import JsonOption, error_console, print_json, print_line
from parlance_cli.place import Place, place_of


def query(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask.")],
    agent: Annotated[str, typer.Option(metavar="ID", help="Whom to ask.")] = "default",
    session: Annotated[str | None, typer.Option(metavar="ID", help="Go on with this session.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Send and receive plain JSON instead of envelopes.")] = False,
    key_id: Annotated[str | None, typer.Option(envvar="PARLANCE_KEY_ID", help="The keyId of a service key.")] = None,
    key_secret: Annotated[str | None, typer.Option(envvar="PARLANCE_KEY_SECRET", help="Its keySecret.")] = None,
    license_key: Annotated[
        str | None, typer.Option("--license", envvar="PARLANCE_LICENSE", help="The license beside a service key.")
    ] = None,
    token: Annotated[str | None, typer.Option(envvar="PARLANCE_USER_TOKEN", help="A user's token.")] = None,
    base_url: Annotated[str | None, typer.Option(envvar="PARLANCE_BASE_URL", help="Where the API is.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask an agent over the identity dialect: with a service key and a license, a user's token, or both.

    On the local cloud the demo tenant's are used unless you name one of them.
    """
    named = Caller(key_id, key_secret, license_key, token)
    where, caller, local = target_of(place_of(context), named, base_url)
    client = IdentityClient(where, caller, clock=SystemClock())
    data = {"userInput": question} | ({"sessionId": session} if session else {})
    try:
        reply = client.query(agent, data, plain=plain)
    except httpx.ConnectError as error:
        if local:
            raise LocalCloudNotRunningError from error
        raise
    finally:
        client.close()
    if as_json:
        print_json({"response": reply.response, "sessionId": reply.session_id})
        return
    print_line(reply.response)
    error_console().print(f"Go on with --session {reply.session_id}", style="dim", markup=False)


def target_of(place: Place, named: Caller, base_url: str | None) -> tuple[str, Caller, bool]:
    """Where to ask, as whom, and whether that is the local cloud, whose credentials go nowhere else."""
    if base_url or place.stack:
        return base_url or place.deployment.base_url, _needed(named), False
    known = read_credentials(place.state_dir)
    where = text_of(known, "base_url")
    if not where:
        raise LocalCloudNotRunningError
    return where, named if named != Caller() else _needed(_seeded(known)), True


def _seeded(known: Mapping[str, object]) -> Caller:
    key = known.get("service_key")
    pair = key if isinstance(key, dict) else {}
    return Caller(
        text_of(pair, "keyId"), text_of(pair, "keySecret"), text_of(known, "license_key"), text_of(known, "user_token")
    )


def _needed(caller: Caller) -> Caller:
    if not caller.token and not (caller.key_id and caller.key_secret and caller.license):
        raise CliError("Name a user's --token, or --key-id, --key-secret and --license together")
    for text in (caller.key_id, caller.key_secret, caller.license, caller.token):
        if text and not (text.isascii() and text.isprintable()):
            raise CliError("A credential is made of printable ASCII characters.")
    return caller
