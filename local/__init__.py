"""The local cloud: everything `make run` starts on one machine, with no account and no Docker."""
