"""Recurrent layers without a memory: how far apart, and how often, their states are updated."""
