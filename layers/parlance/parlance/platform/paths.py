"""Where the dialect is served, and for whom: three roots mean the same, and any web page may call."""

ROOT = "/api/v1"
ROOTS = (ROOT, "/v1", "/api")

# Tokens are sent in a header that no browser adds by itself.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Accept, X-RunAs-User-Id, X-RunAs-Child-User-Email, X-Timezone"
    ),
    "Access-Control-Max-Age": "600",
}


def canonical(path: str) -> str:
    """A path under the one root that routes are written with."""
    for root in ROOTS:
        if path.startswith(f"{root}/"):
            return ROOT + path.removeprefix(root)
    return path


def below_root(path: str) -> str:
    """A path without its root."""
    return canonical(path).removeprefix(ROOT)
