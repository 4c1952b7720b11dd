"""Layers that are parallel over time and keep the width of their input, and the residual block
around them: attention, selective state spaces, the gated delta rule, feed-forward layers.
"""
