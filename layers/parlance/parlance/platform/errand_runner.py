"""What a worker does with the errands of the dialect."""

from parlance.platform.contents import ContentStore, Place
from parlance.platform.file_reading import FileReader
from parlance.realtime.consumers import Again, Received
from parlance.realtime.messages import FileReading, FileRemoval, parse_errand


class ErrandRunner:
    """Runs one errand at a time; each may come twice."""

    def __init__(self, reader: FileReader, contents: ContentStore) -> None:
        self._reader = reader
        self._contents = contents

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        match parse_errand(received.body):
            case FileReading() as wanted:
                self._reader.read(wanted.tenant_id, wanted.file_id, wanted.dataset_id)
            case FileRemoval() as gone:
                self._contents.remove(Place(gone.tenant_id, gone.file_id))
        return None
