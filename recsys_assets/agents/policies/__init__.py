"""Ways to choose the next movie that learn nothing by reinforcement: what an agent has to beat."""
