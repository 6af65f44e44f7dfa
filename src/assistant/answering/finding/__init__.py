"""Hits to what was found: the threads read sentence by sentence, and how sure it is that they answer."""
