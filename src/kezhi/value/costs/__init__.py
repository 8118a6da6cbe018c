"""What customers cost: activities, shared totals, late payment, and what makes them dear."""
