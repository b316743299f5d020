"""What a worker does with the errands of the dialect."""

from parlance.platform.contents import ContentStore, Place
from parlance.platform.due import Due
from parlance.platform.file_reading import FileReader
from parlance.platform.task_runner import TaskRunner
from parlance.realtime.consumers import Again, Received
from parlance.realtime.messages import DueCall, FileReading, FileRemoval, TaskLook, parse_errand

_RECEIPTS_MAX = 4
_READINGS_MAX = 3
"""A file that keeps a parser busy until its function is cut off is not tried for ever."""

_PAUSE = Again(2)
"""A worker is sent before what it is sent for is written, so it may have to come again."""


class ErrandRunner:
    """Runs one errand at a time; each may come twice."""

    def __init__(self, reader: FileReader, contents: ContentStore, tasks: TaskRunner, due: Due) -> None:
        self._reader = reader
        self._contents = contents
        self._tasks = tasks
        self._due = due

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        may_wait = received.receipts < _RECEIPTS_MAX
        match parse_errand(received.body):
            case FileReading() as wanted if received.receipts > _READINGS_MAX:
                self._reader.give_up(wanted.tenant_id, wanted.file_id, wanted.dataset_id)
            case FileReading() as wanted:
                self._reader.read(wanted.tenant_id, wanted.file_id, wanted.dataset_id)
            case FileRemoval() as gone:
                self._contents.remove(Place(gone.tenant_id, gone.file_id))
            case DueCall() as call:
                found = self._due.look(call.tenant_id, call.document_kind, call.document_id, call.at)
                return _PAUSE if may_wait and not found else None
            case TaskLook() as look:
                if self._tasks.look(look.tenant_id, look.task_id, look.execution_id, looks=look.looks):
                    return None
                if may_wait:
                    return _PAUSE
                self._tasks.give_up(look.tenant_id, look.task_id, look.execution_id)
        return None
