"""What can go wrong while the local cloud starts, in words meant for the person who typed `make run`."""


class LocalCloudError(Exception):
    """Something the user can act on: shown as one line, without a stack trace."""
