"""Parlance: one conversation core behind four chat dialects."""
