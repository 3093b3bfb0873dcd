"""Responses and Conversations."""
