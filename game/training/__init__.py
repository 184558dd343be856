"""The trainer, alone with torch: a release folder in, a model folder out."""
