"""Imported once by the fork server that steps are forked from: the definitions, loaded and resolved.

A step process finds them in memory instead of importing the package and building the graph again (1.6 s a step).
"""

from recsys_assets.definitions import defs

defs().resolve_job_def("everything")
