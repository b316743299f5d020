"""Has an agent call tools of OpenAI's own client: `openai_tools.py ORIGIN SECRET` prints what came of it.

The agent's model calls `weather` whenever it is asked without a result, and answers where there is one.
"""

import json
import sys
from typing import Any

from openai import BadRequestError, OpenAI

TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tells the weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
QUESTION: Any = {"role": "user", "content": "Is it raining in Fredville?"}


def main(origin: str, secret: str) -> None:
    client = OpenAI(base_url=f"{origin}/v1", api_key=secret, max_retries=0)
    chat: Any = client.chat.completions
    first = chat.create(model="caller", messages=[QUESTION], tools=TOOLS).choices[0]
    call = first.message.tool_calls[0]
    result = {"role": "tool", "tool_call_id": call.id, "content": "Heavy rain."}
    second = chat.create(model="caller", messages=[QUESTION, first.message, result], tools=TOOLS)
    streamed: dict[int, dict[str, str]] = {}
    reason, tokens = None, 0
    for chunk in chat.create(
        model="caller", messages=[QUESTION], tools=TOOLS, stream=True, stream_options={"include_usage": True}
    ):
        tokens = chunk.usage.total_tokens if chunk.usage else tokens
        for choice in chunk.choices:
            reason = choice.finish_reason or reason
            for delta in choice.delta.tool_calls or []:
                held = streamed.setdefault(delta.index, {"id": "", "name": "", "arguments": ""})
                held["id"] += delta.id or ""
                held["name"] += delta.function.name or ""
                held["arguments"] += delta.function.arguments or ""
    param = None
    try:
        chat.create(model="caller", messages=[QUESTION, first.message], tools=TOOLS)
    except BadRequestError as error:
        param = error.param
    told = {
        "reason": first.finish_reason,
        "call": [call.function.name, json.loads(call.function.arguments)],
        "answer": second.choices[0].message.content,
        "tokens": second.usage.total_tokens,
        "streamed": [[one["name"], json.loads(one["arguments"])] for one in streamed.values()],
        "streamed_reason": reason,
        "streamed_tokens": tokens,
        "param": param,
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
