"""Prints the CloudFormation template that SAM makes of ours, as JSON. Run by the cloud environment's Python."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform  # type: ignore[import-not-found]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-not-found]

PARAMETERS = {"Stage": "dev", "Architecture": "arm64"}
ELSEWHERE = "s3://bucket/"


class ManagedPolicies:
    """The names that SAM itself uses; it would ask IAM for all of them."""

    def load(self) -> dict[str, str]:
        """Name to ARN."""
        return {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}


def main(file: str) -> None:
    """Transform and print."""
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    template: dict[str, Any] = yaml_parse(Path(file).read_text())
    for resource in template["Resources"].values():
        # The translator takes only code that has been uploaded.
        for name in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][name] = ELSEWHERE + resource["Properties"][name]
    json.dump(transform(template, PARAMETERS, ManagedPolicies()), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
