"""What keeping and winning customers is worth: what-if of churn, profit by tenure, payback."""
