"""Calls every method of the Python client for the groups that are served, in an environment of its own.

`drive.py ORIGIN SECRET` prints a JSON object: under "methods" all that the client has, under "outcomes" each that was
called, with "works" or with the code that it was refused with. An answer that the client cannot parse is told under
"problems".
"""

import asyncio
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from chatbotkit import ChatBotKit

Row = dict[str, Any]
GROUPS = (
    *("bot", "conversation", "dataset", "skillset", "file", "contact", "secret", "memory", "task"),
    *("usage", "event", "channel", "platform", "integration"),
)
WAITING = ("blueprint", "decision", "graphql", "magic", "policy", "portal", "space", "team", "user")
KINDS = {
    "sitemap": {"url": "https://a.example"},
    "notion": {"token": "t"},
}


class Walk:
    """Remembers what every method came to."""

    def __init__(self, client: ChatBotKit) -> None:
        self.client = client
        self.outcomes: dict[str, str] = {}
        self.problems: list[str] = []

    async def call(self, path: str, *arguments: Any) -> Any:
        """Call a method and have the client parse the answer."""
        target: Any = self.client
        for part in path.split("."):
            target = getattr(target, part)
        try:
            answer = await target(*arguments)
        except Exception as error:
            code = getattr(error, "code", None)
            self.outcomes[path] = str(code)
            if code is None:
                self.problems.append(f"{path}: {type(error).__name__}: {error}")
            return None
        # One method hands back whatever comes.
        refused = isinstance(answer, httpx.Response) and answer.is_error
        self.outcomes[path] = answer.json()["code"] if refused else "works"
        return answer

    async def stream(self, path: str, *arguments: Any) -> list[Any]:
        """The same for the streamed form."""
        target: Any = self.client
        for part in path.split("."):
            target = getattr(target, part)
        try:
            return [item async for item in target(*arguments).stream()]
        except Exception as error:
            self.problems.append(f"{path} as a stream: {type(error).__name__}: {error}")
            return []


async def life(walk: Walk, path: str, body: Row, *parents: str) -> str:
    """Create, list in both forms, fetch and change; returns the id. Deleting comes at the end."""
    made = await walk.call(f"{path}.create", *parents, body)
    await walk.call(f"{path}.list", *parents, {"take": 2, "meta": {"a": 1}})
    items = await walk.stream(f"{path}.list", *parents, {})
    if made is None or not items:
        walk.problems.append(f"{path}: nothing was made or listed")
        return "none"
    fetched = await walk.call(f"{path}.fetch", *parents, made.id)
    if fetched is None or fetched.id != made.id:
        walk.problems.append(f"{path}: fetched something else")
    await walk.call(f"{path}.update", *parents, made.id, {"meta": {"b": 2}})
    return str(made.id)


async def walk_all(walk: Walk) -> None:
    dataset = await life(walk, "dataset", {"name": "D", "meta": {"a": 1}})
    record = await life(walk, "dataset.record", {"text": "The capital of Freedonia is Fredville."}, dataset)
    await walk.call("dataset.record.export", dataset, {})
    hits = await walk.call("dataset.search", dataset, {"search": "capital"})
    if hits is None or hits.records[0].id != record:
        walk.problems.append("dataset.search: did not find the record")
    file = await life(walk, "file", {"name": "F"})
    await upload(walk, file)
    await walk.call("file.sync", file, {})
    secret = await life(walk, "secret", {"name": "S", "kind": "personal", "type": "bearer", "value": "v"})
    await walk.call("secret.mint", secret)
    skillset = await life(walk, "skillset", {"name": "K"})
    ability = await life(
        walk, "skillset.ability", {"name": "A", "instruction": "Be kind.", "linkedSecretId": secret}, skillset
    )
    await walk.call("skillset.ability.export", skillset, {})
    bot = await life(walk, "bot", {"name": "B", "datasetId": dataset, "skillsetId": skillset})
    for call in ("upvote", "downvote"):
        await walk.call(f"bot.{call}", bot, {})
    contact = await life(walk, "contact", {"name": "C"})
    await walk.call("contact.ensure", {"fingerprint": "f-1"})
    memory = await life(walk, "memory", {"text": "Likes whales", "contactId": contact})
    await walk.call("memory.export", {})
    await walk.call("memory.search", {"search": "whales"})
    task = await life(walk, "task", {"name": "What is the capital?", "botId": bot, "contactId": contact})
    await run(walk, task)
    await walk.call("task.export", {})
    await talk(walk, bot, contact)
    for part in ("conversation", "secret", "space", "task"):
        await walk.call(f"contact.{part}.list", contact, {})
    await walk.call("contact.secret.mint", contact, secret)
    for path, *ids in (("secret", secret), ("contact.secret", contact, secret)):
        await walk.call(f"{path}.proxy", *ids, {"url": "https://a.example"})
    await the_rest(walk, bot, dataset, skillset)
    for path, *ids in (
        ("task", task),
        ("memory", memory),
        ("contact", contact),
        ("bot", bot),
        ("skillset.ability", skillset, ability),
        ("skillset", skillset),
        ("secret", secret),
        ("file", file),
        ("dataset.record", dataset, record),
        ("dataset", dataset),
    ):
        await walk.call(f"{path}.delete", *ids)


async def upload(walk: Walk, file: str) -> None:
    """The client has no method for it."""
    url, headers = f"{sys.argv[1]}/api/v1/file/{file}/upload", {"authorization": f"Bearer {sys.argv[2]}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        told = await http.post(url, headers=headers, json={"file": "data:text/plain,The%20sea%20is%20deep."})
    if told.status_code != 200:
        walk.problems.append(f"file/upload: {told.text}")


async def run(walk: Walk, task: str) -> None:
    """Have a task run to its end, and end another run."""
    await walk.call("task.trigger", task, {})
    for _ in range(300):
        runs = await walk.call("task.execution.list", task, {})
        if runs is None or runs.items[0].status.value != "running":
            break
        await asyncio.sleep(0.2)
    if runs is None or runs.items[0].outcome.value != "success":
        walk.problems.append(f"task.trigger: came to {runs and runs.items[0].to_dict()}")
    await walk.call("task.trigger", task, {})
    runs = await walk.call("task.execution.list", task, {})
    await walk.call("task.execution.cancel", task, runs.items[0].id, {})
    await walk.call("task.cancel", task, {})


async def talk(walk: Walk, bot: str, contact: str) -> None:
    conversation = await life(walk, "conversation", {"botId": bot, "contactId": contact})
    question = {"text": "What is the capital of Freedonia?"}
    told = await walk.call("conversation.complete", conversation, question)
    if told is None or "Fredville" not in told.text:
        walk.problems.append(f"conversation.complete: answered {told and told.text}")
    lines = await walk.stream("conversation.complete", conversation, question)
    if not lines or lines[-1].type.value != "result":
        walk.problems.append("conversation.complete: the stream has no result")
    await walk.call("conversation.send", conversation, question)
    await walk.call("conversation.receive", conversation, {})
    await walk.stream("conversation.send", conversation, question)
    await walk.stream("conversation.receive", conversation, {})
    stateless = {"botId": bot, "messages": [{"type": "user", **question}]}
    await walk.call("conversation.complete", None, stateless)
    await walk.stream("conversation.complete", None, stateless)
    dispatched = await walk.call(
        "conversation.dispatch", conversation, {**question, "channelId": f"channel_{conversation}"}
    )
    if dispatched is not None:
        heard = await walk.stream("channel.subscribe", dispatched.channel_id, {})
        walk.outcomes["channel.subscribe"] = "works"
        if not heard or heard[-1].data["type"] != "result":
            walk.problems.append(f"channel.subscribe: heard {[item.data['type'] for item in heard]}")
    await walk.call("channel.publish", "another-channel-of-mine", {"message": {"a": 1}})
    for call in ("upvote", "downvote"):
        await walk.call(f"conversation.{call}", conversation, {"reason": "so"})
    await walk.call("conversation.delete", conversation)


async def the_rest(walk: Walk, bot: str, dataset: str, skillset: str) -> None:
    await walk.call("usage.fetch")
    await walk.call("usage.series.fetch")
    for call in ("list", "export"):
        await walk.call(f"event.log.{call}", {})
    for part in ("ability", "action", "example", "model", "report", "secret"):
        await walk.call(f"platform.{part}.list", {})
    for part in ("ability", "example", "secret"):
        await walk.call(f"platform.{part}.search", {"search": "x"})
    await walk.call("platform.example.fetch", "none")
    for kind, client in vars(walk.client.integration).items():
        if kind.startswith("_"):
            continue
        path = f"integration.{kind}"
        link = {"skillsetId": skillset} if "server" in kind else {"botId": bot}
        body = {**link, "name": "I"} if kind not in KINDS else {"datasetId": dataset, "name": "I", **KINDS[kind]}
        made = await life(walk, path, body)
        for call in ("setup", "initiate", "sync", "trigger", "invoke"):
            if hasattr(client, call):
                await walk.call(f"{path}.{call}", made, *([{}] if _takes_body(getattr(client, call)) else []))
        await walk.call(f"{path}.delete", made)


def _takes_body(method: Callable[..., Any]) -> bool:
    return len(inspect.signature(method).parameters) > 1


def methods(target: Any, path: str) -> Iterator[str]:
    """Every method of a part of the client, and of the parts below it."""
    for name, _ in inspect.getmembers(type(target), inspect.isfunction):
        if not name.startswith("_"):
            yield f"{path}.{name}"
    for name, part in vars(target).items():
        if not name.startswith("_") and type(part).__module__.startswith("chatbotkit"):
            yield from methods(part, f"{path}.{name}")


async def main(origin: str, secret: str) -> None:
    async with ChatBotKit(token=secret, base_url=origin) as client:
        walk = Walk(client)
        await walk_all(walk)
        for group in WAITING:
            part = getattr(client, group)
            if hasattr(part, "list"):
                await walk.call(f"{group}.list", {})
        every = sorted({name for group in GROUPS for name in methods(getattr(client, group), group)})
    json.dump({"methods": every, "outcomes": walk.outcomes, "problems": walk.problems}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
