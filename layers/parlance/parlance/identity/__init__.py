"""Who is calling: tenants, API keys and the principal they yield."""
