"""The command line: tenants, keys, agents, datasets, and a chat in the terminal."""
