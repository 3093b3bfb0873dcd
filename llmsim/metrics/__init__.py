"""What is counted and measured of one simulator, and the catalogue that says what each figure means."""
