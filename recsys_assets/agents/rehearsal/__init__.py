"""The loop rehearsed: simulated people are served, give feedback, the service learns, and the truth is known."""
