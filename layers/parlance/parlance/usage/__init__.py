"""What turns use, what it costs, and what may be spent."""
