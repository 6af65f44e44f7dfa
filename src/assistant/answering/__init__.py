"""Hits to an answer: evidence, confidence, words. What cannot be supported is left out; what is not known is said."""
