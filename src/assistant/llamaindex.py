"""The index and the answerer for programs that are written with llama-index."""
