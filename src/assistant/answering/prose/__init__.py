"""Answers in a model's words: what it is given to read, what it writes, what is shown of that."""
