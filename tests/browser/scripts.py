"""What the scripted agent says."""

from tests.browser.scripted import Script

GREETING = """Parlance answers from **your documents** and names them. Three ways in:

1. Put `widget.js` on a page
2. Open a WebSocket with a ticket
3. Read the stream over HTTP

```js
const answer = await fetch("/v1/chat/stream", { method: "POST" });
```

See the [guide](https://example.com/guide) for more."""

HOSTILE = """<script>window.pwned = "script"</script>
<img src=x onerror="window.pwned = 'img'"> <svg onload="window.pwned='svg'"></svg>
<iframe srcdoc="<script>parent.pwned='iframe'</script>"></iframe>
[click](javascript:window.pwned='link') [data](data:text/html,<script>pwned=1</script>)
![tracking](https://tracker.invalid/pixel.png)
<a href="javascript:window.pwned='a'" onclick="window.pwned='onclick'">here</a>
<style>*{display:none}</style> <form action="https://tracker.invalid"><input name=q></form>
[quote"onmouseover="window.pwned='mouse'](https://example.com/"onmouseover="window.pwned='attr')
<math><mtext><table><mglyph><style><img src=x onerror="window.pwned='mxss'"></style></mglyph></table></mtext></math>"""

SCRIPTS = {
    "What can you do?": Script(
        GREETING,
        sources=[
            {"source": "guide.html", "uri": "https://example.com/guide", "title": "Guide"},
            {"source": "docs/chats.md", "title": "The chats dialect"},
        ],
    ),
    "slowly": Script(" ".join(f"word{number}" for number in range(60)), seconds_between=0.1),
    "How does a reply arrive?": Script(
        "A reply comes word by word, and the wire shows every event.", seconds_between=0.06
    ),
    "breaks": Script(" ".join(f"piece{number}" for number in range(20)), seconds_between=0.03, breaks_after=5),
    "fails": Script("A reply that arrives at the second attempt", seconds_between=0.02, fails_after=3),
    "hostile": Script(
        HOSTILE,
        sources=[
            {"source": "javascript:window.pwned='source'", "title": "<img src=x onerror=\"window.pwned='title'\">"},
            {"source": 'https://example.com/"onclick="pwned=1', "title": "ordinary"},
            {"source": "a.md", "uri": "javascript:window.pwned='uri'", "title": "addressed"},
        ],
    ),
    "ما هذا؟": Script(
        "هذا نظام محادثة مفتوح. يجيب من **وثائقك** ويذكر مصادره.",
        sources=[{"source": "دليل.md", "title": "الدليل"}],
    ),
}
