"""The DQN agent: Q-values of all movies as one matrix product, learned as a correction of a supervised policy."""
