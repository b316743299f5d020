"""The demo tenant: what there is to talk to after the first start."""

import json
from pathlib import Path

from local.deploy import Deployment
from local.settings import Settings

type Credentials = dict[str, object]


def seed(deployment: Deployment, settings: Settings) -> Credentials:
    """Make sure that the demo tenant exists, and write down what is needed to use it."""
    credentials: Credentials = {
        "base_url": settings.base_url,
        "websocket_url": settings.websocket_url,
        "aws_endpoint": deployment.endpoint,
    }
    write_credentials(settings.credentials_file, credentials)
    return credentials


def write_credentials(file: Path, credentials: Credentials) -> None:
    """Replace the file in one step, readable by its owner alone."""
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(credentials, indent=2) + "\n")
    draft.replace(file)
