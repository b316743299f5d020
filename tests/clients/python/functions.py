"""Has a bot call the client's functions: `functions.py ORIGIN SECRET` prints what the Python client heard.

The bot's model calls `weather` first and answers when it has been told the result.
"""

import asyncio
import json
import sys
from typing import Any

from chatbotkit import ChatBotKit

CHANNEL = "the-channel-of-the-python-client"
QUESTION = {"type": "user", "text": "Is it raining in Fredville?"}
WEATHER: dict[str, Any] = {
    "name": "weather",
    "description": "Tells the weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


async def over_a_channel(client: Any) -> tuple[list[str], str]:
    body = {
        "botId": "caller",
        "messages": [QUESTION],
        "functions": [{**WEATHER, "result": {"channel": CHANNEL}}],
    }
    heard, text = [], ""
    async for event in client.conversation.complete(None, body).stream():
        heard.append(event.type.value)
        if event.type.value == "waitForChannelMessageBegin":
            await client.channel.publish(CHANNEL, {"message": {"data": "Heavy rain."}})
        if event.type.value == "result":
            text = event.data.text
    return heard, text


async def left_to_the_client(client: Any) -> tuple[list[str], str]:
    body = {"botId": "caller", "messages": [QUESTION], "functions": [WEATHER]}
    events = [event async for event in client.conversation.complete(None, body).stream()]
    aborted = next(event for event in events if event.type.value == "abort")
    return [event.type.value for event in events], str(aborted.data.function_name)


async def main(origin: str, secret: str) -> None:
    async with ChatBotKit(token=secret, base_url=origin) as client:
        heard, text = await over_a_channel(client)
        aborted, name = await left_to_the_client(client)
    json.dump({"heard": heard, "text": text, "aborted": aborted, "name": name}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
