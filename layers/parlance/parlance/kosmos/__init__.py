"""The identity dialect: the 1Kosmos Chat API under `/chatapi`. Nine groups of endpoints, each a function of its own."""

ROOT = "/chatapi"
