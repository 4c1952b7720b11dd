"""The Differentiable Neural Computer (Graves et al. 2016): interface, access, layer."""
