"""What is kept of users: export, erasure, retention."""
