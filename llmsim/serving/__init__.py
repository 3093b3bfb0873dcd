"""HTTP. Quart, Quart-Trio and Hypercorn are known in this room and nowhere else."""
