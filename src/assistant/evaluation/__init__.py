"""Topics in, answers out, scores from files, two runs compared: whether a change helped, and where an answer was lost."""
