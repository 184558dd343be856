"""Consensus on a bare file of answers: reading it, judging it, writing and explaining what was found; no database."""
