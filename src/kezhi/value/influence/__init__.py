"""What customers bring through others: referrals, their place in the network, what they tell."""
