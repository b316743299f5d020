"""The house's logger: JSON lines with ids and outcomes, never a secret, a token or the text of a message."""

from aws_lambda_powertools import Logger

logger = Logger(service="parlance", utc=True)
