"""Files on records of every kind that keeps them."""
