"""Embedding models: Bedrock, and whatever speaks the embeddings call of OpenAI's API."""
