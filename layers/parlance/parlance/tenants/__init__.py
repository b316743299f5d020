"""The tenant's own side: usage, budgets, export, erasure, keys, under `/api/v1/tenant`."""
