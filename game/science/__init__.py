"""What the science team does: subjects in, consensus and releases out."""
