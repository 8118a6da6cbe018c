"""Care plans with what they did, and success plans with how far they are."""
