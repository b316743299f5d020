"""Everything that is logged, at any level, in the form in which it leaves a function."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from parlance.logs import logger


@contextmanager
def captured_logs() -> Iterator[io.StringIO]:
    written, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logger.registered_formatter)
    level = root.level
    root.setLevel(logging.DEBUG)
    for one in (root, logging.getLogger("parlance")):
        one.addHandler(handler)
    try:
        yield written
    finally:
        for one in (root, logging.getLogger("parlance")):
            one.removeHandler(handler)
        root.setLevel(level)
