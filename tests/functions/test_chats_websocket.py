"""The WebSocket side: handshakes, frames, and replies that a worker pushes."""

from tests.functions.cloud import Cloud


def test_a_message_is_received_streamed_and_ended(cloud: Cloud) -> None:
    house = cloud.house()
    chat_id = cloud.chat(house)
    connection_id = cloud.connected(house, chat_id)
    cloud.work()
    assert cloud.gateway.events(connection_id) == ["connection_established", "user_created"]

    cloud.send(connection_id, {"content": "Hello?", "client_message_id": "c1"})
    cloud.work()

    frames = cloud.gateway.frames[connection_id][2:]
    received, started, *tokens, ended = frames
    assert received["event_type"] == "message_received"
    assert received["chat_id"] == chat_id
    assert received["client_message_id"] == "c1"
    assert received["content"] == "Hello?"
    assert started["event_type"] == "message_stream_started"
    assert started["attempt"] == 1
    assert [token["index"] for token in tokens] == list(range(len(tokens)))
    assert ended["event_type"] == "message_stream_ended"
    assert ended["content"] == "".join(token["token"] for token in tokens)
    assert ended["message_id"] == started["message_id"]
