"""BrainPy and BrainState, and what their systems share: variables that are held in objects."""
