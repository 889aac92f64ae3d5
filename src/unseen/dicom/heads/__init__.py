"""Faces in head scans: found, removed, and looked for again."""
