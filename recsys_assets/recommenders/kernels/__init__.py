"""Inner loops compiled by numba. Import a kernel inside the function that runs it: numba takes seconds to load."""
