"""The platform dialect: resources with one life cycle, and conversations with them."""
