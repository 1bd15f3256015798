"""PPO from human feedback: an agent that learns from a reward model, held near a frozen reference."""
