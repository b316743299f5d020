"""From files to passages. The format modules load their parsers lazily: only one worker ever needs them."""
