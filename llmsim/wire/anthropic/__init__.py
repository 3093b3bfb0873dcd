"""Anthropic, on the wire: Messages, token counts, models and batches, under both versions of the API; pure."""
