"""What can be done with an integration besides its life cycle."""

from collections.abc import Callable

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of
from parlance.platform.callers import Caller
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.integrations import KINDS, Kind, resource_kind
from parlance.platform.library import Library
from parlance.platform.paths import ROOT
from parlance.platform.routes import ResourceRoutes, done
from parlance.platform.scheduled_documents import TRIGGER
from parlance.platform.triggers import Triggers

_INSIDE = {"setup", "attach", "detach"}
"""What only prepares an integration: there is nothing to prepare, so these answer that it is done."""


class IntegrationCalls:
    """All kinds of integrations. What would leave the house is refused by name."""

    def __init__(self, library: Library, triggers: Triggers) -> None:
        self._library = library
        self._triggers = triggers

    def routes(self) -> list[Route[Caller]]:
        trigger = f"{ROOT}/integration/trigger/<reference>"
        invoke: list[Route[Caller]] = [Route("POST", f"{trigger}/{call}", self.invoke) for call in ("event", "invoke")]
        return [*invoke, *(route for kind in KINDS for route in self._of_kind(kind))]

    def invoke(self, request: Request, caller: Caller, reference: str) -> Answer:
        """Any object; the trigger's bot is told of it. Whoever has the trigger's secret may send one."""
        payload = body_of(request)
        trigger = self._library.engine(TRIGGER).fetch(caller.tenant_id, reference)
        begun = self._triggers.invoke(trigger, payload)
        return Answer(200, {"id": trigger.id, "conversationId": begun.conversation_id})

    def _of_kind(self, kind: Kind) -> list[Route[Caller]]:
        base = f"{ROOT}/integration/{kind.name}"
        routes: list[Route[Caller]] = [
            Route("POST", f"{base}/<reference>/{action}", self._action(kind, action))
            for action in kind.actions
            if (kind.name, action) != ("trigger", "invoke")
        ]
        routes += ResourceRoutes(self._library, resource_kind(kind.name)).routes()
        if kind.also_at:
            other = f"{ROOT}/integration/{kind.also_at}"
            routes += [Route(route.method, route.path.replace(base, other), route.answer) for route in routes]
        return routes

    def _action(self, kind: Kind, action: str) -> Callable[..., Answer]:
        engine = self._library.engine(resource_kind(kind.name))

        def answer(request: Request, caller: Caller, reference: str) -> Answer:
            body_of(request)
            found = engine.fetch(caller.tenant_id, reference)
            if action == "clone":
                values = {name: value for name, value in found.values.items() if name != "alias"}
                return done(engine.put(caller.tenant_id, values))
            if action not in _INSIDE:
                raise NotImplementedHereError(f"{kind.name} integrations keep their settings and do not {action} here.")
            return done(found)

        return answer
