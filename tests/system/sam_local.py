"""Prints what `sam local invoke` would give to each function, as JSON by name. Run by the cloud environment's Python.

By the parts of the SAM CLI that stand before Docker: `sam_local.py TEMPLATE ENV_VARS_FILE NAME=VALUE…`
"""

import json
import sys
from pathlib import Path

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner  # type: ignore[import-not-found]
from samcli.lib.providers.sam_function_provider import SamFunctionProvider  # type: ignore[import-not-found]
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider  # type: ignore[import-not-found]


def main(template: str, env_vars: str, *overrides: str) -> None:
    """Resolve and print."""
    parameters = dict(override.split("=", 1) for override in overrides)
    stacks, _ = SamLocalStackProvider.get_stacks(template, parameter_overrides=parameters)
    functions = SamFunctionProvider(stacks)
    told = json.loads(Path(env_vars).read_text())
    runner = LocalLambdaRunner(None, functions, cwd=".", real_path=".", env_vars_values=told)
    found = {
        function.name: {
            "handler": function.handler,
            "code": function.codeuri,
            "layers": [layer.arn for layer in function.layers],
            "environment": runner._make_env_vars(function).resolve(),
        }
        for function in functions.get_all()
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
