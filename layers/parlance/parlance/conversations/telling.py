"""Telling a reply to somebody who adds up its tokens."""

from collections.abc import Iterator

from parlance.conversations.log import Ended, Started, Token, TurnEvent


def whole(events: Iterator[TurnEvent]) -> Iterator[TurnEvent]:
    """The same events, but the tokens of the last attempt make up the reply.

    Tokens are stored in batches up to the last beat; the reply is stored as one. So whoever follows a turn that another
    process runs, or reads one that has ended, gets what the batches lack as one more token before the end.
    """
    text, index = "", -1
    for event in events:
        match event:
            case Started():
                text, index = "", -1
            case Token():
                text, index = text + event.text, event.index
            case Ended(reply=reply) if len(reply.content) > len(text) and reply.content.startswith(text):
                yield Token(index + 1, reply.content[len(text) :])
        yield event
