"""How well cases are dealt with: standards, samples, reviews, skills, and figures that count value kept."""
