"""Sessions on disk. LMDB is known in this room and nowhere else."""
