"""Pages of what customers experience: satisfaction, promises, the journey, the service level."""
