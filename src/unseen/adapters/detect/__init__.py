"""Detectors, one family of networks a module."""
