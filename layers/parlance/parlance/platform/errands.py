"""What the functions of the dialect leave to a worker, because it takes longer than a request or comes later."""

from typing import Protocol


class Errands(Protocol):
    """Every call raises UnavailableError."""

    def read_file(self, tenant_id: str, file_id: str, *, dataset_id: str | None) -> None:
        """Read a file into a dataset, or into all that have it."""
        ...

    def forget_file(self, tenant_id: str, file_id: str) -> None:
        """Remove the content of a deleted file once no upload of it can begin any more."""
        ...

    def call_at(self, tenant_id: str, kind: str, document_id: str, *, at: int, seconds: int) -> None:
        """Look at a document that is due at `at` (ms), in so many seconds or as late as can be."""
        ...

    def look_at_task(self, tenant_id: str, task_id: str, execution_id: str, *, looks: int) -> None:
        """Look how an execution is getting on: the later, the more `looks` there have been."""
        ...


class NoErrands:
    """Where nothing is done that leads to an errand."""

    def read_file(self, tenant_id: str, file_id: str, *, dataset_id: str | None) -> None:
        """Nobody is sent."""

    def forget_file(self, tenant_id: str, file_id: str) -> None:
        """Nobody is sent."""

    def call_at(self, tenant_id: str, kind: str, document_id: str, *, at: int, seconds: int) -> None:
        """Nobody is sent."""

    def look_at_task(self, tenant_id: str, task_id: str, execution_id: str, *, looks: int) -> None:
        """Nobody is sent."""
