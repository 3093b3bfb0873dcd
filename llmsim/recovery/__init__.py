"""Disaster recovery: snapshots and the archive, in folders and buckets, and stores made from them again."""
