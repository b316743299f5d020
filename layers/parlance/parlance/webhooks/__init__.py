"""Webhooks: the ends of turns, signed and sent to whom a tenant names."""
