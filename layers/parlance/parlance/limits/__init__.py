"""Rate limits and connection slots."""
