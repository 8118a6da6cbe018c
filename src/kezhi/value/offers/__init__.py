"""What to offer to whom: rules of market baskets, next products, look-alikes of the best customers."""
