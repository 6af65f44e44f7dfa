"""Posts to a generation: chunks, vectors, search terms, posts, and a manifest that vouches for all of them."""
