"""The identity dialect on the command line: its credentials, its people, and its client."""
