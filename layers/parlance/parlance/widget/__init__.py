"""The widget dialect: chats of visitors in web pages, under `/v1/chat`, and what operators may read of them."""
