"""Which deployment the commands of one invocation are about."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import typer

from parlance_cli.deployment import Deployment, local_deployment, stack_deployment


@dataclass
class Place:
    """The options before the command. The deployment is looked up when a command first needs it."""

    state_dir: Path
    stack: str | None = None
    region: str | None = None
    profile: str | None = None

    @cached_property
    def deployment(self) -> Deployment:
        if self.stack:
            return stack_deployment(self.stack, region=self.region, profile=self.profile)
        return local_deployment(self.state_dir)


def place_of(context: typer.Context) -> Place:
    """What the program's own options said."""
    place = context.find_object(Place)
    if place is None:
        raise RuntimeError("the program's callback has not run")
    return place


def deployment_of(context: typer.Context) -> Deployment:
    return place_of(context).deployment
