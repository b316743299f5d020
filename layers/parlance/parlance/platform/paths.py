"""Where the dialect is served, and for whom: three roots mean the same, and any web page may call."""

ROOT = "/api/v1"
ROOTS = (ROOT, "/v1", "/api")

_ANSWERING = ("complete", "send", "receive", "dispatch")
ANSWERED = (
    ("POST", f"{ROOT}/conversation/complete"),
    ("POST", f"{ROOT}/conversation/dispatch"),
    *(("POST", f"{ROOT}/conversation/<conversation_id>/{call}") for call in _ANSWERING),
    ("POST", f"{ROOT}/channel/<channel>/subscribe"),
    ("POST", f"{ROOT}/openai/chat/completions"),
    ("POST", f"{ROOT}/chat/completions"),
    ("GET", f"{ROOT}/openai/models"),
    ("GET", f"{ROOT}/models"),
)
"""What the completion function serves. What else is asked of these paths other functions have to refuse."""

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
