"""Quality of service: figures, samples and reviews, standards, skills and training."""
