"""Two networks or gradients, entry by entry."""
