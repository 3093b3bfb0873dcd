"""A client's side of a conversation in each dialect: what it sends, and what it makes of the answers."""
