"""The dialects: bytes to requests, plans to frames. Pure, and independent of one another."""
