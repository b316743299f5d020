"""WebSocket connections, tickets and the events pushed to them."""
