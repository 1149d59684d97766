"""What is followed from a solution, and why it ends."""
