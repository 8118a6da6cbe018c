"""Kernels over rows of facts: `local` runs them on this machine."""
