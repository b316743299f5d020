"""What can be done with an ability besides its life cycle."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from parlance.agents.calls import ReplyEvent
from parlance.agents.definitions import AgentReader
from parlance.agents.models.base import Cancellation
from parlance.agents.skills import Ability
from parlance.agents.tools.base import Outcome, ToolFailedError
from parlance.agents.workshop import Workshop
from parlance.errors import InvalidInputError, NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.abilities import LinkedSecret, UnsupportedAbilityError, ability_of, written_ability
from parlance.platform.bodies import Form, body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.fields import Sent
from parlance.platform.library import Library
from parlance.platform.paths import ROOT
from parlance.platform.rendering import line
from parlance.platform.unkept import Asked, Unkept


class Execution(Sent):
    """`input` are the ability's arguments as JSON, or the only one as it is."""

    input: str | None = None
    contactId: str | None = None  # noqa: N815 - the wire's name


class Executing:
    """Runs an ability outside any conversation, without a model that decides to."""

    def __init__(self, workshop: Workshop, agents: AgentReader, unkept: Unkept) -> None:
        self._workshop = workshop
        self._agents = agents
        self._unkept = unkept

    def run(self, tenant_id: str, ability: Ability, arguments: Mapping[str, Any], user_id: str) -> Outcome:
        """Raises ToolFailedError, and what asking another bot raises."""

        def ask(agent_id: str, message: str, _: Cancellation) -> Iterator[ReplyEvent]:
            agent = self._agents.get(tenant_id, agent_id)
            if agent is None:
                raise ToolFailedError("the bot is not there")
            return self._unkept.answer(Asked(agent, (), message, user_id=user_id))

        tool = self._workshop.tool(tenant_id, ability, ask)
        if tool is None:
            raise ToolFailedError("it cannot be run by itself")
        return tool.run(arguments, Cancellation())


class AbilityCalls:
    """Running an ability by itself. `executing` makes what runs it, when the first is run."""

    def __init__(self, library: Library, executing: Callable[[], Executing]) -> None:
        self._skillsets = library.engine("skillset")
        self._abilities = library.engine("ability")
        self._secrets = library.engine("secret")
        self._contacts = library.engine("contact")
        self._executing = executing

    def routes(self) -> list[Route[Caller]]:
        return [Route("POST", f"{ROOT}/skillset/<parent>/ability/<reference>/execute", self.execute)]

    def execute(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        """A tool that fails is told in a 200, as it would be told to a model."""
        asked = read(Execution, body_of(request))
        form = wanted_form(request)
        skillset = self._skillsets.fetch(caller.tenant_id, parent)
        document = self._abilities.fetch(caller.tenant_id, reference, parent=skillset.id)
        if "disabled" in {skillset.values.get("state"), document.values.get("state")}:
            raise InvalidInputError("The ability is disabled")
        ability = self._ability(document)
        arguments = _arguments(asked.input or "", ability)
        user_id = self._contacts.fetch(caller.tenant_id, asked.contactId).id if asked.contactId else ""
        try:
            outcome = self._executing().run(caller.tenant_id, ability, arguments, user_id)
            used, told = outcome.input_tokens + outcome.output_tokens, {"result": _parsed(outcome.text)}
        except ToolFailedError as error:
            used, told = 0, {"error": str(error)}
        result = {"usage": {"token": used}, **told, "messages": []}
        if form is Form.LINES:
            return Answer(200, text=line("result", result), content_type=form.value)
        return Answer(200, result)

    def _ability(self, document: Document) -> Ability:
        try:
            return ability_of(written_ability(document.values, self._secret(document)))
        except UnsupportedAbilityError as error:
            raise NotImplementedHereError(f"The ability cannot be run here: {error}") from error

    def _secret(self, ability: Document) -> LinkedSecret | None:
        linked = ability.values.get("secretId")
        if not linked:
            return None
        try:
            secret = self._secrets.fetch(ability.tenant_id, linked)
        except NotFoundError:
            return None
        return LinkedSecret(secret.id, secret.values.get("type", "plain"))


def _arguments(text: str, ability: Ability) -> Mapping[str, Any]:
    """Raises InvalidInputError."""
    from parlance.agents.tools.arguments import ArgumentsError, checked_arguments  # noqa: PLC0415 - only who runs one

    names = list(ability.parameters.get("properties", {}))
    given = text if isinstance(_parsed(text), dict) or len(names) != 1 else json.dumps({names[0]: text})
    try:
        return checked_arguments(given, ability.parameters)
    except ArgumentsError as error:
        wanted = f"; it takes {', '.join(names)}" if names else ""
        raise InvalidInputError(f"input: {error}{wanted}") from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
