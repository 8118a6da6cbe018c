"""Settings pages that belong to one area of the product."""
