"""Texts that a request names by their addresses, given to the model as material to answer from.

They are fetched as an ability's request is: no private address is called, anew after each redirect, and what is no text
or too large is refused. What is refused fails the request, so that nobody believes that it was read.
"""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from parlance.agents.context import Passage
from parlance.agents.models.base import Cancellation
from parlance.agents.skills import FetchAbility
from parlance.agents.tools.base import ToolFailedError
from parlance.agents.workshop import Workshop
from parlance.errors import InvalidInputError
from parlance.knowledge.importing.chunking import MAX_PASSAGE, split
from parlance.platform.functions import Attachment


class Attachments:
    """Reads them with the tools that a workshop makes."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def read(self, tenant_id: str, attachments: Sequence[Attachment]) -> Sequence[Passage]:
        """The first 20,000 characters of each. Raises InvalidInputError, which names the one at fault."""
        return [
            Passage(text, attachment.url, is_attached=True)
            for place, attachment in enumerate(attachments)
            for text in self._pieces(tenant_id, place, attachment.url)
        ]

    def _pieces(self, tenant_id: str, place: int, url: str) -> Iterator[str]:
        where = f"attachments.{place}.url"
        try:
            outcome = self._workshop.fetching(tenant_id, _ability(url)).run({}, Cancellation())
        except InvalidInputError as error:
            raise InvalidInputError(f"{where}: not an address that can be fetched") from error
        except ToolFailedError as error:
            raise InvalidInputError(f"{where}: {error}") from error
        yield from split(outcome.text, MAX_PASSAGE)


def _ability(url: str) -> FetchAbility:
    """Braces would be placeholders."""
    address = url.replace("{", "%7B").replace("}", "%7D")
    try:
        return FetchAbility(kind="fetch", name="attachment", url=address)
    except ValidationError as error:
        raise InvalidInputError("no address that can be fetched") from error
