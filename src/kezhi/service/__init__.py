"""Service: tickets and their clocks, complaints, knowledge, care, quality, and what customers see of it."""
