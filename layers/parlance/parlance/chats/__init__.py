"""The chats dialect: `/api/v1/chats` over REST and `/ws/chat` over WebSocket."""
