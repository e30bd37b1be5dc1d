"""The first wrong layer of a forward pass, and which mistake it is."""
