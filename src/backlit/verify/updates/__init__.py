"""The mistake in a step from one θ to another."""
