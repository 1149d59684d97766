"""What the figures are made of: axes and their legend, marks, trials, groups, and one look."""
