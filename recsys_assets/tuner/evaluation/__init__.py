"""Tuners side by side."""
