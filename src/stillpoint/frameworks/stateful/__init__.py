"""What BrainPy and BrainState have in common: objects that keep their state in variables."""
