"""`parlance chat`: a chat in the terminal, over the WebSocket."""
