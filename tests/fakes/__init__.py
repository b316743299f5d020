"""Stand-ins for what the core is given: storage, time, ids and the faults of all three."""
