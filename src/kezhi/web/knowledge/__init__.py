"""The knowledge base: for colleagues, and as help pages for customers."""
