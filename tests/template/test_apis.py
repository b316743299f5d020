"""The two APIs: routes, what the gateway says itself, and what it must not write down."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from parlance.platform.declarations import RESOURCES
from parlance.platform.paths import ANSWERED, canonical
from reference.openapi import openapi
from tests.template.conftest import PLATFORM, STREAMING, Stack

METHODS = {"get", "post", "put", "patch", "delete"}
ROUTES = {
    "/api/v1/chats": "ChatsRestFunction",
    "/api/v1/chats/{chat_id}": "ChatsRestFunction",
    "/api/v1/chats/{chat_id}/messages": "ChatsRestFunction",
    "/api/v1/chats/{chat_id}/{proxy+}": "ChatsRestFunction",
    "/chatapi/servicekeys": "KosmosServiceKeysFunction",
    "/chatapi/servicekey/{keyId+}": "KosmosServiceKeysFunction",
    "/chatapi/query/agent/{agentId}": "KosmosAgentQueryFunction",
    "/chatapi/jwt/verifyToken": "KosmosJwtFunction",
    "/chatapi/ecdsa_helper": "KosmosEcdsaHelperFunction",
    "/chatapi/ecdsa_helper/{method}": "KosmosEcdsaHelperFunction",
    "/chatapi/environment": "KosmosEnvironmentFunction",
    "/chatapi/healthz": "KosmosHealthzFunction",
    "/chatapi/publickeys": "KosmosPublicKeysFunction",
    "/chatapi/.well-known": "KosmosWellKnownFunction",
    "/chatapi/sd": "KosmosServiceDirectoryFunction",
    "/chatapi/{proxy+}": "KosmosServiceDirectoryFunction",
    "/api/v1/tenant": "TenantFunction",
    "/api/v1/tenant/{part}": "TenantFunction",
    "/api/v1/tenant/{part}/{proxy+}": "TenantFunction",
    "/v1/chat": "WidgetChatFunction",
    "/v1/chat/stream": "WidgetChatFunction",
    "/v1/chat/stream/{proxy+}": "WidgetChatFunction",
    "/v1/chat/{turn_id}": "WidgetChatFunction",
    "/v1/chat/{turn_id}/{proxy+}": "WidgetChatFunction",
    "/v1/admin/{proxy+}": "WidgetChatFunction",
}
"""Who answers at a path, whatever the method."""
EXCEPT_FOR = {
    ("/api/v1/chats/{chat_id}/messages", "post"): "ChatsMessagesFunction",
    ("/v1/chat", "post"): "WidgetStreamFunction",
    ("/v1/chat/stream", "post"): "WidgetStreamFunction",
    ("/v1/chat/stream/{proxy+}", "get"): "WidgetStreamFunction",
    ("/v1/chat/{turn_id}", "get"): "WidgetStreamFunction",
}
"""Methods of which another function streams the answers."""
STREAM_MILLISECONDS_MAX = 15 * 60 * 1000
QUERY_VARIABLES = re.compile(r"querystring|requestOverride|\$input|authorizer|header", re.IGNORECASE)


ROOTS = ("/api/v1", "/v1", "/api")
BUFFERED, STREAMED, LISTS = (f"ChatBotKit{name}Function" for name in ("Conversation", "Completion", "Lists"))
ROOT_IDS = {"dataset": "{datasetId}", "conversation": "{conversationId}"}


def streamed_lists() -> Iterator[tuple[str, str]]:
    """Paths of the lists that one function streams, below a root, and who answers their other methods."""
    for resource in RESOURCES:
        if resource.large:
            path = resource.path.replace("{parent}", ROOT_IDS.get(resource.parent or "", ""))
            calls = ("list", "export") if resource.exports else ("list",)
            group = path.split("/")[0]
            yield from ((f"/{path}/{call}", f"ChatBotKit{group.capitalize()}Function") for call in calls)


def platform_streams() -> dict[str, dict[str, str]]:
    """The streaming paths of the platform dialect: their method, and who answers the others."""
    found: dict[str, dict[str, str]] = {}
    for method, path in ANSWERED:
        below = re.sub(r"<\w+>", lambda part: {"<channel>": "{channelId}"}.get(part[0], "{conversationId}"), path)
        others = "ChatBotKitChannelFunction" if "/channel/" in path else BUFFERED
        # OpenAI's own paths are below its own root alone.
        roots = ROOTS if path.removeprefix(ROOTS[0]).split("/")[1] in {"conversation", "channel", "openai"} else ["/v1"]
        for root in roots:
            found[root + below.removeprefix(ROOTS[0])] = {method.lower(): STREAMED, "others": others}
    for path, others in streamed_lists():
        found |= {f"{root}{path}": {"get": LISTS, "others": others} for root in ROOTS}
    return found


PLATFORM_STREAMS = platform_streams()


def platform_paths() -> dict[str, str]:
    """The paths of the platform dialect and the functions that answer there, but for what is streamed."""
    special = {"conversation", "channel", "dataset"}
    below = {
        f"{root}/{group}/{{proxy+}}": function
        for root in ROOTS
        for function, group in PLATFORM.items()
        if group not in special
    }
    channel = {f"{root}/channel/{{channelId}}/{{proxy+}}": "ChatBotKitChannelFunction" for root in ROOTS}
    dataset = {
        f"{root}/dataset/{{datasetId}}{part}": "ChatBotKitDatasetFunction"
        for root in ROOTS
        for part in ("", "/{proxy+}", "/record/{proxy+}")
    }
    conversation = {
        f"{root}/conversation/{{conversationId}}{part}": BUFFERED
        for root in ROOTS
        for part in ("", "/{proxy+}", "/message/{proxy+}")
    }
    streams = {path: answers["others"] for path, answers in PLATFORM_STREAMS.items()}
    return below | channel | dataset | conversation | streams


PLATFORM_PATHS = platform_paths()


def function_of(integration: dict[str, Any]) -> str:
    """The function that an integration calls."""
    found = re.search(r"\$\{(\w+)\.Arn\}", json.dumps(integration["uri"]))
    assert found, integration
    return found[1]


def methods_of(path: str) -> set[str]:
    """Pages of other origins call the widget and the platform dialect, so browsers ask beforehand."""
    if path in PLATFORM_PATHS:
        return METHODS | {"options", "head"}
    return METHODS | {"options"} if path.startswith("/v1/") else METHODS


def test_these_are_all_paths(stack: Stack) -> None:
    assert set(stack.paths()) == ROUTES.keys() | PLATFORM_PATHS.keys()


def test_every_method_is_named(stack: Stack) -> None:
    for path, methods in stack.paths().items():
        assert set(methods) - {"parameters"} == methods_of(path), path


def test_every_operation_is_one_of_openapi(stack: Stack) -> None:
    """Which asks for `responses`, though a proxy's are its own."""
    for path, methods in stack.paths().items():
        for method in methods.keys() - {"parameters"}:
            assert "responses" in methods[method], f"{method} {path}"


def test_every_route_reaches_a_function_that_lets_it_in(stack: Stack) -> None:
    allowed = {
        (permission["FunctionName"]["Ref"], permission["SourceArn"]["Fn::Sub"][0])
        for permission in stack.of_type("AWS::Lambda::Permission").values()
        if isinstance(permission["SourceArn"]["Fn::Sub"], list)
    }
    for path, wanted in ROUTES.items():
        methods = stack.paths()[path]
        for method in methods_of(path):
            integration = methods[method]["x-amazon-apigateway-integration"]
            assert integration["type"] == "aws_proxy"
            function = function_of(integration)
            assert function == EXCEPT_FOR.get((path, method), wanted)
            # In a permission any variable of the path stands for anything.
            suffix = f"/{method.upper()}{re.sub(r'{[^}]+}', '*', path)}"
            assert any(name == function and arn.endswith(suffix) for name, arn in allowed), suffix


def test_the_paths_of_the_platform_dialect_reach_one_function_each(stack: Stack) -> None:
    for path, function in PLATFORM_PATHS.items():
        methods = stack.paths()[path]
        for method in METHODS | {"options", "head"}:
            integration = methods[method]["x-amazon-apigateway-integration"]
            expected = PLATFORM_STREAMS.get(path, {}).get(method, function)
            assert (integration["type"], function_of(integration)) == ("aws_proxy", expected)
        declared = {parameter["name"] for parameter in methods.get("parameters", [])}
        assert declared == set(re.findall(r"{(\w+)\+?}", path))
    for function in PLATFORM:
        (permission,) = [
            permission
            for permission in stack.of_type("AWS::Lambda::Permission").values()
            if permission["FunctionName"] == {"Ref": function}
        ]
        assert permission["SourceArn"]["Fn::Sub"].endswith(":${RestApi}/${Stage}/*/*")


def test_the_stack_stays_far_below_the_limits_of_cloudformation(stack: Stack) -> None:
    """500 resources, and 1 MB for a template that is uploaded."""
    assert len(stack.resources) < 400
    assert len(json.dumps(stack.template)) < 600_000


def test_the_rest_api_stays_far_below_its_quota(stack: Stack) -> None:
    """300 resources, which are the nodes of the tree of paths."""
    parts = [path.split("/") for path in stack.paths()]
    nodes = {tuple(path[: end + 1]) for path in parts for end in range(len(path))}
    assert len(nodes) < 250


def test_streaming_routes_stream_and_no_others_do(stack: Stack) -> None:
    """Any value passes for a transfer mode, and a wrong one means buffered; the address must fit it."""
    for path, methods in stack.paths().items():
        for method in methods_of(path):
            integration = methods[method]["x-amazon-apigateway-integration"]
            uri = json.dumps(integration["uri"])
            if function_of(integration) in STREAMING:
                assert integration["responseTransferMode"] == "STREAM", path
                assert "/2021-11-15/functions/" in uri
                assert uri.endswith('/response-streaming-invocations"}')
                assert integration["timeoutInMillis"] == STREAM_MILLISECONDS_MAX
            else:
                assert "responseTransferMode" not in integration, path
                assert uri.endswith('/invocations"}')
                assert "timeoutInMillis" not in integration


def test_aws_accepts_the_tree_of_paths(stack: Stack) -> None:
    """Below one parent AWS takes one variable only, be it plain or greedy, under one name."""
    variables: dict[str, set[str]] = defaultdict(set)
    for path in stack.paths():
        parts = path.split("/")
        for position, part in enumerate(parts):
            if part.startswith("{"):
                variables["/".join(parts[:position])].add(part)
    assert all(len(names) == 1 for names in variables.values()), variables


def test_there_are_fewer_resources_of_the_api_than_aws_allows(stack: Stack) -> None:
    """300, a quota that can be raised; each part of a path is one."""
    nodes = {tuple(path.split("/")[:depth]) for path in stack.paths() for depth in range(1, path.count("/") + 2)}
    assert len(nodes) < 250


def test_there_is_one_stage_of_the_rest_api(stack: Stack) -> None:
    (stage,) = stack.of_type("AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == {"Ref": "Stage"}
    assert stage["TracingEnabled"] is True


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", "404"),
        ("INVALID_SIGNATURE", "404"),
        ("REQUEST_TOO_LARGE", "413"),
        ("THROTTLED", "429"),
        ("INTEGRATION_FAILURE", "502"),
        ("INTEGRATION_TIMEOUT", "504"),
        ("DEFAULT_4XX", None),
        ("DEFAULT_5XX", None),
    ],
)
def test_the_gateways_own_errors_have_the_contracts_shape(stack: Stack, kind: str, status: str | None) -> None:
    response = stack.properties("RestApi")["Body"]["x-amazon-apigateway-gateway-responses"][kind]
    assert response.get("statusCode") == status
    # A browser would take an answer that its page may not read for a broken network, and try again at once.
    assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    template = response["responseTemplates"]["application/json"]
    body = json.loads(template.replace("$context.error.messageString", '"words"'))
    # One dialect reads the failure at the top, the others below "error".
    assert set(body) == {"error", "code", "message"}
    assert body["error"] == {"code": body["code"], "message": body["message"]}


def test_logs_show_no_query_string_and_no_header(stack: Stack) -> None:
    (rest,) = stack.of_type("AWS::ApiGateway::Stage").values()
    (websocket,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    for log in (rest["AccessLogSetting"], websocket["AccessLogSettings"]):
        assert not QUERY_VARIABLES.search(log["Format"])
        assert "\n" not in log["Format"]
        assert json.loads(re.sub(r"\$context[\w.]*", "x", log["Format"]))["requestId"] == "x"
    for settings in (*rest["MethodSettings"], websocket["DefaultRouteSettings"]):
        # Execution logs print whole requests.
        assert settings["LoggingLevel"] == "OFF"
        assert settings["DataTraceEnabled"] is False


def test_the_websocket_api_has_the_three_routes(stack: Stack) -> None:
    routes = stack.of_type("AWS::ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes} == {"$connect", "$default", "$disconnect"}
    for route in routes:
        assert route["Target"] == {"Fn::Sub": "integrations/${WebSocketIntegration}"}
        assert "RouteResponseSelectionExpression" not in route
    integration = stack.properties("WebSocketIntegration")
    assert (integration["IntegrationType"], integration["IntegrationMethod"]) == ("AWS_PROXY", "POST")
    assert "ChatsWebSocketFunction" in json.dumps(integration["IntegrationUri"])


def test_the_websocket_stage_follows_its_routes(stack: Stack) -> None:
    (stage,) = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["AutoDeploy"] is True
    assert set(stack.of_type("AWS::ApiGatewayV2::Route")) <= stack.made_before("WebSocketStage")


@pytest.mark.parametrize("stage", ["RestApiStage", "WebSocketStage"])
def test_a_stage_comes_after_the_role_for_its_logs_and_that_after_an_api(stack: Stack, stage: str) -> None:
    """Until an account has such a role, stages with access logs are refused; until it has an API, the role is."""
    assert "ApiGatewayAccount" in stack.made_before(stage)
    assert "RestApi" in stack.made_before("ApiGatewayAccount")


def test_functions_post_to_the_stacks_own_api_unless_told_otherwise(stack: Stack) -> None:
    for function in ("ChatsWebSocketFunction", "RepliesFunction", "SweepsFunction"):
        condition, own, given = stack.environment(function)["WEBSOCKET_ENDPOINT"]["Fn::If"]
        assert condition == "UsesOwnWebSocketApi"
        assert own["Fn::Sub"].startswith("https://${WebSocketApi}.execute-api.")
        assert given == {"Ref": "WebSocketEndpoint"}


def test_outputs(stack: Stack) -> None:
    assert set(stack.template["Outputs"]) == {
        *("ApiUrl", "RestApiId", "WebSocketUrl", "WebSocketApiId", "WebSocketFunction"),
        *("ConversationsTable", "IdentityTable", "WakeupsQueueUrl", "SweepsQueueUrl", "SecretsPrefix"),
        *("WebhooksQueueUrl", "PrivateWebhookHosts"),
        *("ServerPublicKey", "ServerKeysSecret", "EcCurveName", "VaultKey"),
        *("IndexingQueueUrl", "SnapshotsBucket"),
        *("FrontDoorUrl", "PagesBucket", "DistributionId"),
    }


def test_every_route_of_the_gateway_leads_to_documented_ones(stack: Stack) -> None:
    """A group of routes that nobody has described in `reference` shows up here. (The root of a group may be a 404.)"""
    documented = [re.sub(r"{\w+}", "x", path) for path in openapi()["paths"]]
    for path in stack.paths():
        # Of roots that mean the same one is documented.
        patterns = [re.sub(r"{\w+\+}", ".+", one) for one in (path, canonical(path))]
        wanted = "|".join(re.sub(r"{\w+}", "[^/]+", pattern) + "(/.+)?" for pattern in patterns)
        assert any(re.fullmatch(wanted, one) for one in documented), path
