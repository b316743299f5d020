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


class NoErrands:
    """Where nothing is done that leads to an errand."""

    def read_file(self, tenant_id: str, file_id: str, *, dataset_id: str | None) -> None:
        """Nobody is sent."""

    def forget_file(self, tenant_id: str, file_id: str) -> None:
        """Nobody is sent."""
