"""What customers say when they are asked: the questions, and every answer with its day."""
