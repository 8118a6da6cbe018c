"""What customers could spend: frontiers by what they are, gaps, and how often such gaps close."""
