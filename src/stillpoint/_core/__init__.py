"""What knows no dynamics: arrays, validation of arguments, nested states, files, grouping."""
