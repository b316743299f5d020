"""Datasets of records: import, ranked search."""
