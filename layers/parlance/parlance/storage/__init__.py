"""The two DynamoDB tables: the only place that knows DynamoDB."""

import logging

# At DEBUG botocore writes out every request, with all that users sent in it, and every private key that is stored.
logging.getLogger("botocore").setLevel(logging.INFO)
