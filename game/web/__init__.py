"""The doors of the house: each parses, calls one use case, and answers."""
