"""What customers are promised by when, and the clocks that measure whether it was kept."""
