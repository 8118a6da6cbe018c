"""The page of one customer, and what people do on it."""
