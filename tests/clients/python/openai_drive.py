"""Talks to an agent as a model with OpenAI's own client: `openai_drive.py ORIGIN SECRET` prints what came of it."""

import json
import sys

from openai import NotFoundError, OpenAI

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who are you?"}]


def main(origin: str, secret: str) -> None:
    client = OpenAI(base_url=f"{origin}/v1", api_key=secret, max_retries=0)
    whole = client.chat.completions.create(model="default", messages=QUESTION)
    streamed, tokens = "", 0
    stream = client.chat.completions.create(
        model="default", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        streamed += "".join(choice.delta.content or "" for choice in chunk.choices)
        tokens = chunk.usage.total_tokens if chunk.usage else tokens
    unknown = 0
    try:
        client.chat.completions.create(model="no-such-agent", messages=QUESTION)
    except NotFoundError as error:
        unknown = error.status_code
    told = {
        "models": [model.id for model in client.models.list()],
        "text": whole.choices[0].message.content,
        "tokens": whole.usage.total_tokens,
        "streamed": streamed,
        "streamed_tokens": tokens,
        "unknown": unknown,
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
