"""What `sam local` needs to let a function work with the running local cloud: `python -m local.sam_env >env.json`.

By itself `sam local` tells a function the logical names of its tables and queues, which exist nowhere.
"""

import json
import sys
from typing import Any

from local.clients import emulator_session
from local.deploy import STACK
from local.errors import LocalCloudError
from local.settings import Settings


def environments(endpoint: str, stack: str = STACK) -> dict[str, dict[str, str]]:
    """By logical name, as `--env-vars` wants it: what each deployed function is told, and where the emulator is."""
    session = emulator_session()
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    functions = session.client("lambda", endpoint_url=endpoint)
    found = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                physical = resource["PhysicalResourceId"]
                told = functions.get_function_configuration(FunctionName=physical)["Environment"]["Variables"]
                found[resource["LogicalResourceId"]] = {**told, "AWS_ENDPOINT_URL": endpoint}
    return found


def main() -> int:
    """Print it; trouble is one line."""
    try:
        known: dict[str, Any] = json.loads(Settings.from_environment().credentials_file.read_text())
        print(json.dumps(environments(known["aws_endpoint"]), indent=2))
    except LocalCloudError as error:
        print(f"parlance: {error}", file=sys.stderr)
        return 1
    except OSError:
        print("parlance: the local cloud is not running: `make run` starts it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
