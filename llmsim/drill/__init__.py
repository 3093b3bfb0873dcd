"""Disaster-recovery drills: pods lost on purpose, brought back, and held against what they had acknowledged."""
