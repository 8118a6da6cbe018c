"""Simulated customers, for tests, benchmarks and trying things out."""
