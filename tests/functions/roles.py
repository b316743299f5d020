"""IAM by rehearsal: what each function asks of AWS in these tests, held against the policies of its own role.

The emulator lets everybody do everything. So every call of a handler is looked at before it is sent, in whichever
thread, and refused as AWS would refuse it if no policy of the function's role allows it.
"""

import importlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Thread
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ClientError

from tests.functions.asks import ACCOUNT, REGION, Ask, asks_of
from tests.template.conftest import Stack, as_list

_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": "test"}
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
}


@dataclass(frozen=True)
class Grant:
    """One action that a policy allows a function on one resource."""

    function: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource} ({self.sid})"


@dataclass(frozen=True)
class _Allowed:
    grant: Grant
    resource: Any
    condition: Mapping[str, Any]


class Roles:
    """The roles of a stack's functions, with the names that its resources have in these tests."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._allowed = {function: list(self._read(function)) for function in stack.functions()}
        self._variables = dict(self._told())

    def grants(self) -> set[Grant]:
        return {allowed.grant for some in self._allowed.values() for allowed in some}

    def granting(self, function: str, ask: Ask) -> list[Grant]:
        """What allows a call; nothing, if nobody does."""
        return [
            allowed.grant
            for allowed in self._allowed[function]
            if allowed.grant.action == ask.action
            and fnmatchcase(ask.resource, self._text(allowed.resource))
            and _holds(allowed.condition, ask)
        ]

    def _read(self, function: str) -> Iterator[_Allowed]:
        for statement in self._stack.statements(function):
            assert statement["Effect"] == "Allow", "a refusal must be weighed against what is allowed"
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    grant = Grant(function, statement.get("Sid", ""), action, _short(resource))
                    yield _Allowed(grant, resource, statement.get("Condition", {}))

    def _told(self) -> Iterator[tuple[str, str]]:
        """Which resource or parameter each variable of the functions' environments tells of."""
        for function in self._stack.functions():
            for variable, value in self._stack.environment(function).items():
                # One that stands under a condition is taken as if the condition held.
                written = value["Fn::If"][1] if isinstance(value, dict) and "Fn::If" in value else value
                match written:
                    case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn" | "Id"]}:
                        yield name, variable

    def _text(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return self._named(name)
            case {"Fn::GetAtt": [str(name), "Arn" | "Id"]}:
                return self._arn(name)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)}", lambda found: self._substituted(found[1]), text)
        raise AssertionError(f"a way to name a resource that the rehearsal cannot read: {value}")

    def _substituted(self, name: str) -> str:
        return self._arn(name.removesuffix(".Arn")) if name.endswith(".Arn") else self._named(name)

    def _named(self, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        return os.environ.get(self._variables.get(name, ""), name)

    def _arn(self, name: str) -> str:
        physical = self._named(name)
        if physical.startswith("arn:"):
            return physical
        return _ARNS[self._stack.resources[name]["Type"]].format(physical.rsplit("/", 1)[-1])


class Rehearsal:
    """Knows which function is acting, and what its role has allowed and refused so far."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._acting: ContextVar[str | None] = ContextVar("acting", default=None)
        self.used: set[Grant] = set()
        self.refused: list[str] = []

    @contextmanager
    def of(self, stack: Stack) -> Iterator[None]:
        """Let the handlers of a stack act under their functions' names, in the threads that they start too."""
        with patch.object(Thread, "start", _start_in_context), patch.object(ThreadPoolExecutor, "submit", _submit):
            originals = {}
            for function in stack.functions():
                module: Any = importlib.import_module(f"{stack.code(function).replace('/', '.')}.app")
                originals[module] = module.handler
                module.handler = self._as(function, module.handler)
            yield
            for module, handler in originals.items():
                module.handler = handler

    def listen(self) -> None:
        """To every client that is made from now on."""
        boto3.setup_default_session()
        session: Any = boto3.DEFAULT_SESSION
        session.events.register("provide-client-params", self._heard)
        for operation in ("GetObject", "HeadObject"):
            session.events.register(f"after-call.s3.{operation}", self._missed)

    @contextmanager
    def acting(self, function: str) -> Iterator[None]:
        """What is asked within, in its threads too, is asked by that function."""
        token = self._acting.set(function)
        try:
            yield
        finally:
            self._acting.reset(token)

    @contextmanager
    def noticing(self) -> Iterator[set[Grant]]:
        """What is used within."""
        before, self.used = self.used, set()
        try:
            yield self.used
        finally:
            self.used = before | self.used

    def _as(self, function: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*arguments: Any) -> Any:
            with self.acting(function):
                return handler(*arguments)

        return handle

    def _heard(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        function = self._acting.get()
        if function is None:
            return
        context["asked"] = params
        for ask in asks_of(model.service_model.service_name, model.name, params):
            granting = self._roles.granting(function, ask)
            self.used.update(granting)
            if not granting:
                self.refused.append(f"{function} may not {ask.action} on {ask.resource}")
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": str(ask)}}, model.name)

    def _missed(self, parsed: dict[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        """S3 says that an object is missing only to those who may list its bucket."""
        function = self._acting.get()
        if function is None or parsed["ResponseMetadata"]["HTTPStatusCode"] != 404:
            return
        (listing,) = asks_of("s3", "ListObjectsV2", context["asked"])
        if not self._roles.granting(function, listing):
            parsed["Error"] = {"Code": "AccessDenied", "Message": "Access Denied"}


def _holds(condition: Mapping[str, Any], ask: Ask) -> bool:
    for operator, wanted in condition.items():
        assert (operator, [*wanted]) == ("ForAllValues:StringEquals", ["dynamodb:LeadingKeys"]), "unknown condition"
        if ask.leading_keys is None or not ask.leading_keys <= set(as_list(wanted["dynamodb:LeadingKeys"])):
            return False
    return True


def _short(resource: Any) -> str:
    """A resource of a policy, as a person would name it."""
    match resource:
        case {"Fn::GetAtt": [str(name), _]} | {"Ref": str(name)} | {"Fn::Sub": str(name)}:
            return name
    return str(resource)


_start, _submitted = Thread.start, ThreadPoolExecutor.submit


def _start_in_context(thread: Thread) -> None:
    context, run = copy_context(), thread.run
    thread.run = lambda: context.run(run)  # type: ignore[method-assign]
    _start(thread)


def _submit(pool: ThreadPoolExecutor, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
    return _submitted(pool, copy_context().run, call, *arguments, **named)
