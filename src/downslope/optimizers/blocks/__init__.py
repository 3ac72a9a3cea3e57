"""Rules that step whole matrices: one a file, found by itself."""
