"""Scripted conversations, played in virtual time or against a server, and their transcripts."""
