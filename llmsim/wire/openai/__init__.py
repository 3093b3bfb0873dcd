"""OpenAI, on the wire: Chat Completions, Responses, Conversations and the smaller endpoints; pure."""
