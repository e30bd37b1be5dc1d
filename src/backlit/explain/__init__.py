"""What a network's numbers say: its health, one derivative through training, a step predicted, a step taken apart."""
