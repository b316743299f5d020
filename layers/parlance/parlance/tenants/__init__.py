"""The tenant's own side: usage, budgets, export, erasure, under `/api/v1/tenant`."""
