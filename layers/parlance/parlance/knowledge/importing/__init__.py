"""From files to passages. The format modules load their parsers lazily: no Lambda function needs them."""
