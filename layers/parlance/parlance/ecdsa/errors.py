"""What can be wrong with a key, an envelope or a text.

All of it is input that a caller sent. Whoever reads the server's own key turns the error into one of the server's.
"""

from parlance.errors import InvalidInputError


class EcdsaError(InvalidInputError):
    """A key, an envelope or a text that cannot be used."""


class InvalidKeyError(EcdsaError):
    """Not a key of the curve in any spelling that is understood."""


class InvalidEnvelopeError(EcdsaError):
    """Not an envelope, or one that was sealed under another key, changed on its way, or holds no text."""


class InvalidPlaintextError(EcdsaError):
    """Text that UTF-8 cannot express, as half a surrogate pair from a JSON escape is."""
