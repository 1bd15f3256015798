"""What a policy would have earned, from logs of another whose propensities were kept."""
