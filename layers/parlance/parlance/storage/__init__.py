"""The two DynamoDB tables: the only place that knows DynamoDB."""
