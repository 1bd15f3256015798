"""Imported once by the fork server that steps are forked from: the definitions, loaded and resolved.

A step process finds them in memory instead of importing the package and building the graph again (1.6 s a step).
"""

import os

STEPS_AT_ONCE = 2
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    # Steps share the cores. More threads than cores wait for one another: small networks train 10 times as slowly.
    os.environ.setdefault(variable, str(max(1, (os.cpu_count() or 1) // STEPS_AT_ONCE)))

from recsys_assets.definitions import defs  # noqa: E402

defs().resolve_job_def("everything")
