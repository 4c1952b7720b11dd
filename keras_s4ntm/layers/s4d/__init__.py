"""Diagonal state spaces (Gu et al. 2022): the layer `S4D` and the residual block around it."""
