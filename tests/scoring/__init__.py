"""Scoring against sums done by hand, published numbers, drawn volunteers and real crowds."""
