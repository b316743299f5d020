"""The page of statuses names tests that exist, and leaves no route out."""

import re
from pathlib import Path

from local.settings import ROOT

HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "identity-statuses.md").read_text()
_NAMED = re.compile(r"`(?:(test_\w+\.py))?(?:::(\w+))?`")


def test_every_test_that_is_named_exists() -> None:
    file, seen = "", 0
    for named_file, test in _NAMED.findall(PAGE):
        file = named_file or file
        if test:
            seen += 1
            assert f"def {test}(" in (HERE / file).read_text(), f"{file}::{test}"
    assert seen > 40


def test_every_route_has_its_rows() -> None:
    for route in (
        *("GET /servicekeys", "DELETE /servicekey/{keyId}", "POST /query/agent/{agentId}", "POST /ecdsa_helper"),
        *(
            "GET /environment",
            "GET /healthz",
            "POST /jwt/verifyToken",
            "GET /publickeys",
            "GET /sd",
            "GET /.well-known",
        ),
    ):
        assert f"`{route}`" in PAGE
    for status in (200, 400, 401, 403, 404, 500):
        assert f"| {status}" in PAGE
