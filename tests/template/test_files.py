"""What is special about the bucket of files."""

from parlance.platform.conversation_calls import ATTACHMENTS_KEPT_MS
from tests.template.conftest import Stack

DAY_MS = 24 * 3600 * 1000


def test_any_page_may_bring_and_get_what_a_signature_allows(stack: Stack) -> None:
    (rule,) = stack.properties("FilesBucket")["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedOrigins"], set(rule["AllowedMethods"])) == (["*"], {"GET", "PUT"})
    assert rule["AllowedHeaders"] == ["content-type"]


def test_attachments_go_when_their_description_goes(stack: Stack) -> None:
    rules = {rule["Id"]: rule for rule in stack.properties("FilesBucket")["LifecycleConfiguration"]["Rules"]}
    assert rules["attachments"]["Prefix"] == "attachments/"
    assert rules["attachments"]["ExpirationInDays"] * DAY_MS == ATTACHMENTS_KEPT_MS
