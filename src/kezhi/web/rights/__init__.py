"""Pages of data rights: of a person, of requests and incidents, and the company's settings."""
