"""Customer success: what a customer bought for, measured until they have it."""
