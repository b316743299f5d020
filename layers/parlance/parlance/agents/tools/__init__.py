"""Tools: what a model may call besides answering, and what it is told of the outcome."""
