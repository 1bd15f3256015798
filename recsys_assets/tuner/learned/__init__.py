"""The tuner that learns: PPO on simulated pipelines, taken to others without retraining."""
