"""Segments by program: found, counted, made, frozen, their members read."""
