"""Notes about what the emulator holds, kept in the emulator itself: with lost state the notes on it are lost too."""

from typing import Any

from local.clients import emulator_session


class Marks:
    """Named notes."""

    def __init__(self, endpoint: str) -> None:
        self._ssm: Any = emulator_session().client("ssm", endpoint_url=endpoint)

    def read(self, name: str) -> str | None:
        """The note of that name, if there is one."""
        try:
            value: str = self._ssm.get_parameter(Name=f"/parlance/{name}")["Parameter"]["Value"]
        except self._ssm.exceptions.ParameterNotFound:
            return None
        return value

    def write(self, name: str, value: str) -> None:
        """Write or replace it."""
        self._ssm.put_parameter(Name=f"/parlance/{name}", Value=value, Type="String", Overwrite=True)
