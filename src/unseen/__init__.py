"""Unseen: privacy by design for vision AI."""
