"""The optional front door: one origin with the paths that the local one has."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from local.front_door import pages
from local.front_door.app import PROXIED
from tests.template.conftest import Stack

CACHED, UNCACHED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
PARTS = {
    *("PagesBucket", "PagesBucketPolicy", "PagesAccess", "OriginSecret", "PagesPaths", "ApiRequests"),
    *("PageHeaders", "AssetHeaders", "WidgetHeaders", "Distribution"),
}


@pytest.fixture(scope="session")
def distribution(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = stack.properties("Distribution")["DistributionConfig"]
    return found


@pytest.fixture(scope="session")
def behaviours(distribution: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["PathPattern"]: one for one in distribution["CacheBehaviors"]}


def run_function(stack: Stack, name: str, uri: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a CloudFront Function makes of a request."""
    node = shutil.which("node")
    assert node, "Node is needed"
    event = {"viewer": {"ip": "203.0.113.9"}, "request": {"uri": uri, "headers": headers or {}}}
    code = f"{stack.properties(name)['FunctionCode']}\nconsole.log(JSON.stringify(handler({json.dumps(event)})));"
    done = subprocess.run([node, "-e", code], capture_output=True, text=True, check=True)
    request: dict[str, Any] = json.loads(done.stdout)
    return request


def test_without_it_nothing_of_it_is_made(stack: Stack) -> None:
    assert stack.template["Parameters"]["FrontDoor"]["Default"] == "none"
    assert stack.template["Conditions"]["HasFrontDoor"] == {"Fn::Equals": [{"Ref": "FrontDoor"}, "cloudfront"]}
    conditional = {name for name, one in stack.resources.items() if one.get("Condition") == "HasFrontDoor"}
    assert conditional == PARTS
    for name in ("FrontDoorUrl", "PagesBucket", "DistributionId"):
        assert stack.template["Outputs"][name]["Condition"] == "HasFrontDoor"


def test_the_apis_have_the_paths_that_they_have_locally(behaviours: dict[str, dict[str, Any]]) -> None:
    rest = {pattern for pattern, one in behaviours.items() if one["TargetOriginId"] == "rest"}
    # What only some versions of a client call is under /api as well.
    assert rest == {path.replace("{path:path}", "*").replace("/api/v1/", "/api/") for path in PROXIED}
    assert [pattern for pattern, one in behaviours.items() if one["TargetOriginId"] == "websocket"] == ["/ws/chat*"]


@pytest.mark.parametrize("origin", ["rest", "websocket"])
def test_an_api_gets_the_whole_request_and_shows_nobody_anothers_answer(
    behaviours: dict[str, dict[str, Any]], origin: str
) -> None:
    for one in behaviours.values():
        if one["TargetOriginId"] == origin:
            assert one["CachePolicyId"] == UNCACHED
            assert one["OriginRequestPolicyId"] == ALL_BUT_HOST
            assert one["Compress"] is False
            assert len(one["AllowedMethods"]) == 7
            assert one["ViewerProtocolPolicy"] == "https-only"


def test_an_api_learns_who_the_visitor_is_and_from_whom(
    stack: Stack, distribution: dict[str, Any], behaviours: dict[str, dict[str, Any]]
) -> None:
    for origin in distribution["Origins"]:
        shown = json.dumps(origin.get("OriginCustomHeaders"))
        assert ("resolve:secretsmanager:${OriginSecret}" in shown) is (origin["Id"] != "pages")
    for one in behaviours.values():
        if one["TargetOriginId"] != "pages":
            (association,) = one["FunctionAssociations"]
            assert association == {
                "EventType": "viewer-request",
                "FunctionARN": {"Fn::GetAtt": ["ApiRequests", "FunctionARN"]},
            }
    claimed = {"x-parlance-viewer-ip": {"value": "10.0.0.1"}}
    for path in ("/v1/chat", "/api/v1/chats"):
        request = run_function(stack, "ApiRequests", path, claimed)
        assert request == {"uri": path, "headers": {"x-parlance-viewer-ip": {"value": "203.0.113.9"}}}


@pytest.mark.parametrize(
    ("path", "uri"),
    [("/ws/chat", "/"), ("/ws/chat/", "/"), ("/ws/chatter", "/ws/chatter"), ("/v1/ws/chat", "/v1/ws/chat")],
)
def test_the_websocket_is_at_the_root_of_its_api(stack: Stack, path: str, uri: str) -> None:
    assert run_function(stack, "ApiRequests", path)["uri"] == uri


def test_pages_have_the_addresses_that_they_have_locally(stack: Stack) -> None:
    for path, file in pages.PAGES.items():
        assert run_function(stack, "PagesPaths", path)["uri"] == f"/{file}"
        assert run_function(stack, "PagesPaths", f"{path.rstrip('/')}/")["uri"] == f"/{file}"
    for file in pages.FILES:
        assert run_function(stack, "PagesPaths", f"/{file}")["uri"] == f"/{file}"


def test_pages_have_the_headers_that_they_have_locally(stack: Stack) -> None:
    for name in ("PageHeaders", "AssetHeaders", "WidgetHeaders"):
        security = stack.properties(name)["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        assert security["ContentSecurityPolicy"]["ContentSecurityPolicy"] == pages.SECURITY["Content-Security-Policy"]
        assert security["ReferrerPolicy"]["ReferrerPolicy"] == pages.SECURITY["Referrer-Policy"]
        assert "ContentTypeOptions" in security
    shared = stack.properties("WidgetHeaders")["ResponseHeadersPolicyConfig"]["CorsConfig"]
    (origin,) = shared["AccessControlAllowOrigins"]["Items"]
    of_widget = custom_headers(stack, "WidgetHeaders") | {"Access-Control-Allow-Origin": origin}
    assert pages.FOR_EVERYBODY.items() <= of_widget.items()
    assert shared["AccessControlAllowCredentials"] is False
    for name in ("PageHeaders", "AssetHeaders"):
        assert "CorsConfig" not in stack.properties(name)["ResponseHeadersPolicyConfig"]
    assert "immutable" in custom_headers(stack, "AssetHeaders")["Cache-Control"]


def custom_headers(stack: Stack, name: str) -> dict[str, str]:
    config = stack.properties(name)["ResponseHeadersPolicyConfig"]
    return {one["Header"]: one["Value"] for one in config["CustomHeadersConfig"]["Items"]}


def test_only_the_distribution_reads_the_bucket(stack: Stack, distribution: dict[str, Any]) -> None:
    assert all(stack.properties("PagesBucket")["PublicAccessBlockConfiguration"].values())
    allowed = [
        one for one in stack.properties("PagesBucketPolicy")["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"
    ]
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert "${Distribution}" in json.dumps(statement["Condition"]["StringEquals"]["AWS:SourceArn"])
    (origin,) = (one for one in distribution["Origins"] if one["Id"] == "pages")
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["PagesAccess", "Id"]}


def test_an_error_of_an_api_stays_as_it_is(distribution: dict[str, Any]) -> None:
    """The distribution's own error pages would stand for those of every origin."""
    assert "CustomErrorResponses" not in distribution


def test_names_are_those_of_one_region(stack: Stack) -> None:
    """CloudFront has one set of names for an account, and a stack may be in several regions."""
    configs = [
        *(
            one["ResponseHeadersPolicyConfig"]
            for one in stack.of_type("AWS::CloudFront::ResponseHeadersPolicy").values()
        ),
        *(one["OriginAccessControlConfig"] for one in stack.of_type("AWS::CloudFront::OriginAccessControl").values()),
        *stack.of_type("AWS::CloudFront::Function").values(),
    ]
    names = [config["Name"]["Fn::Sub"] for config in configs]
    assert names
    assert all(name.startswith("${AWS::StackName}-${AWS::Region}-") for name in names)
