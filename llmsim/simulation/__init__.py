"""What a model would say, and when: pure, the same on every machine."""
