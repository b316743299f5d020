"""AWS clients for the emulator."""

import boto3

from local.emulator import CLIENT_ENVIRONMENT, REGION


def emulator_session() -> boto3.Session:
    """A session with the emulator's credentials."""
    return boto3.Session(
        aws_access_key_id=CLIENT_ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CLIENT_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
