"""Webhooks: servers of a tenant's own that are told how turns end."""
