"""JSON: instances of schemas, and what of a conversation goes into them."""
