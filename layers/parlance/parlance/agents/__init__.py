"""Agents: their definitions, their prompts and the models that answer for them."""
