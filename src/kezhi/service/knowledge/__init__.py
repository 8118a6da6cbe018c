"""What is known: articles written, reviewed, found, and whether they help."""
