"""Messages of AWS's event-stream encoding, byte by byte, as a server sends them.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the frame: total length, length
of the headers, checksum of these two, headers, payload, checksum of everything before.
"""

import json
import struct
from binascii import crc32


def event(kind: str, payload: object) -> bytes:
    return _message({":message-type": "event", ":event-type": kind, ":content-type": "application/json"}, payload)


def exception(kind: str, message: str) -> bytes:
    headers = {":message-type": "exception", ":exception-type": kind, ":content-type": "application/json"}
    return _message(headers, {"message": message})


def _message(headers: dict[str, str], payload: object) -> bytes:
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 12 + len(encoded) + len(body) + 4, len(encoded))
    message = prelude + struct.pack(">I", crc32(prelude)) + encoded + body
    return message + struct.pack(">I", crc32(message))


def _header(name: str, value: str) -> bytes:
    """Type 7 is text with a length of two bytes."""
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
