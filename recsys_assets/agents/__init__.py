"""Reinforcement learning on top of the recommenders: simulated people, environments, policies and the DQN agent.

`world` and `users` say what is known of movies and people, `simulators` answer as people would, `environments` make
sessions of it, `policies` choose (the rivals; an agent is one too), `dqn` learns to choose, `offpolicy` judges a policy
by logs alone, and `evaluation` by sessions of people that nothing was fitted on.
"""
