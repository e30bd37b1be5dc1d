"""Every entry of ∇C beside differences, complex steps and more digits of the forward pass, with a verdict each."""
