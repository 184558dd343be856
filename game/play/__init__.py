"""What a volunteer does: rounds, answers, standings."""
