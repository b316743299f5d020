"""What every REST group shares: error envelopes, pagination, rate-limit headers."""
