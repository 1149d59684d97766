"""Whole stories on real networks, told by `stillpoint demo`."""
