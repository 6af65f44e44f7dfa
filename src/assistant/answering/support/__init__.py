"""Whether the words of a post support a sentence, and which words."""
