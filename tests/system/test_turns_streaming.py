"""Replies under way: slow ones, stopped ones, ones that are picked up elsewhere, and messages that come twice."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.system.client import Event, House, number_in
from tests.system.conftest import QUESTION

pytestmark = [pytest.mark.system, pytest.mark.anyio]

GATEWAY_SECONDS = 29
OFF_TOPIC = "Zebra, okapi or quagga?"
"""What the slow agent has little to say about."""


@pytest.fixture(scope="module")
def slow(build_house: Callable[..., House]) -> House:
    """A tenant whose agent says three words a second, for half a minute and more."""
    return build_house(settings={"pace": 0.3}, dataset=True)


def seconds_between(one: Event, other: Event) -> float:
    first, second = (datetime.fromisoformat(event["timestamp"]) for event in (one, other))
    return (second - first).total_seconds()


async def test_a_reply_that_outlasts_the_gateways_patience_arrives_whole(slow: House) -> None:
    async with slow.rest() as rest:
        chat_id = await rest.create_chat()
        async with slow.line(chat_id) as line:
            stream = await line.stream(await line.ask(QUESTION), seconds=120)
        turn = await rest.turn(chat_id, stream.started["turn_id"])
        messages = await rest.messages(chat_id)

    assert seconds_between(stream.tokens[0], stream.ended) > GATEWAY_SECONDS
    assert stream.text == stream.ended["content"] == messages[1]["content"]
    assert "harbour.md" in stream.text
    assert (turn["state"], turn["attempt"]) == ("done", 1)
    assert len(line.all("message_stream_started")) == 1


@pytest.mark.parametrize("way", ["frame", "REST"])
async def test_a_stop_ends_the_reply_and_keeps_what_was_said(slow: House, way: str) -> None:
    async with slow.rest() as rest:
        chat_id = await rest.create_chat()
        async with slow.line(chat_id) as line:
            reply_id = await line.ask(QUESTION)
            await line.events("message_stream_token", count=4)
            turn_id = line.all("message_stream_started")[0]["turn_id"]
            await line.send(action="ping")
            if way == "frame":
                await line.send(action="stop", message_id=reply_id)
            else:
                await rest.call("POST", f"/{chat_id}/turns/{turn_id}/stop")
            pong = await line.event("pong")
            stream = await line.stream(reply_id)
            after = await line.stream(await line.ask(OFF_TOPIC))
        turn = await rest.turn(chat_id, turn_id)
        messages = await rest.messages(chat_id)

    # About two seconds on a quiet machine; the rest is for a busy one.
    assert seconds_between(pong, stream.ended) < 6
    assert stream.ended["metadata"]["stopped"] is True
    assert stream.ended["metadata"]["tokens_used"] > 0
    assert stream.text == stream.ended["content"] != ""
    assert "harbour.md" not in stream.text
    assert turn["state"] == "stopped"
    assert [message["content"] for message in messages] == [QUESTION, stream.text, OFF_TOPIC, after.text]
    assert messages[1]["metadata"] == stream.ended["metadata"]


async def test_a_stop_of_a_reply_that_has_ended_changes_nothing(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as line:
            stream = await line.stream(await line.ask("Hello?"))
            await line.send(action="stop", message_id=stream.started["message_id"])
            stopped = await rest.call("POST", f"/{chat_id}/turns/{stream.started['turn_id']}/stop")
        messages = await rest.messages(chat_id)

    assert stopped["state"] == "done"
    assert messages[1]["content"] == stream.text
    assert "stopped" not in messages[1]["metadata"]


async def test_another_connection_picks_a_reply_up_without_gap_or_double(slow: House) -> None:
    async with slow.rest() as rest:
        chat_id = await rest.create_chat()
        async with slow.line(chat_id) as line, slow.line(chat_id) as other:
            reply_id = await line.ask(QUESTION)
            await line.events("message_stream_token", count=8)
            had = [token["token"] for token in line.all("message_stream_token")[:4]]
            await line.drop()
            await other.send(action="resume", message_id=reply_id, after_index=3)
            await other.events("message_stream_token", count=12)
            live_from = len(other.all("message_stream_token"))
            await other.events("message_stream_token", count=live_from + 4)
            await other.send(action="stop", message_id=reply_id)
            ended = await other.event("message_stream_ended", message_id=reply_id)
            tokens = other.all("message_stream_token")
            async with slow.line(chat_id) as late:
                await late.send(action="resume", message_id=reply_id, after_index=3)
                told_late = await late.event("message_stream_ended", message_id=reply_id)

    assert [token["index"] for token in tokens] == list(range(4, 4 + len(tokens)))
    assert "".join([*had, *(token["token"] for token in tokens)]) == ended["content"]
    assert (told_late["content"], told_late["metadata"]) == (ended["content"], ended["metadata"])
    assert late.all("message_stream_token") == []


async def test_a_ping_is_answered_by_a_pong(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as line:
            await line.send(action="ping")
            assert set(await line.event("pong")) == {"event_type", "timestamp"}


async def test_a_message_sent_twice_is_one_turn(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as line:
            first = await line.stream(await line.ask("Hello?", "once"))
            repeat = await line.say("Hello?", "once")
            end_again = await line.event("message_stream_ended", nth=2)
            async with house.line(chat_id) as other:
                elsewhere = await other.say("Hello?", "once")
                await other.event("message_stream_ended", message_id=first.started["message_id"])
        messages = await rest.messages(chat_id)

    assert repeat["message_id"] == elsewhere["message_id"] == messages[0]["id"]
    assert repeat["client_message_id"] == "once"
    assert end_again["content"] == first.text
    assert [number_in(message["id"]) for message in messages] == [1, 2]
    assert len(line.all("message_stream_started")) == 1


async def test_another_message_under_a_used_id_is_refused_and_the_connection_stays(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as line:
            await line.stream(await line.ask("Hello?", "once"))
            await line.send(content="Something else", client_message_id="once")
            refused = await line.event("error")
            await line.stream(await line.ask("Something else", "twice"))
        messages = await rest.messages(chat_id)

    assert refused["code"] == "INVALID_MESSAGE"
    assert refused["details"]["reason"] == "conflict"
    assert [message["content"] for message in messages[::2]] == ["Hello?", "Something else"]
