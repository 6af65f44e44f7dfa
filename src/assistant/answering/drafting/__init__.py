"""A model's text as it streams in, cut into sentences whose markers are read."""
