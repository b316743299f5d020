"""The program, run in this process on a deployment in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parlance_cli.deployment import Deployment
from parlance_cli.main import app
from parlance_cli.place import Place
from tests.unit.cli.fakes import memory_deployment

type Run = Callable[..., Result]


@pytest.fixture
def deployment() -> Deployment:
    return memory_deployment()


@pytest.fixture
def run(deployment: Deployment, tmp_path: Path) -> Run:
    """Run `parlance` with these arguments. Wide, so that no table is folded."""
    place = Place(state_dir=tmp_path / "state")
    place.__dict__["deployment"] = deployment
    runner = CliRunner(env={"COLUMNS": "240", "PARLANCE_TENANT": None, "PARLANCE_API_KEY": None})

    def run_it(*arguments: str, stdin: str | None = None) -> Result:
        return runner.invoke(app, list(arguments), input=stdin, prog_name="parlance", obj=place)

    return run_it
