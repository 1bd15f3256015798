"""A DQN that starts from nothing, in any environment whose action is a movie: what the residual agent is beside."""
