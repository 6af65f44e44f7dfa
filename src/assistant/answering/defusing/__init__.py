"""What could link, run or lead astray, taken out of what a model writes; what posts hold, made plain for a model to read."""
