"""`recsys ...`: the platform from a terminal. Thin: each command calls one function and prints what it returns.

Exit codes: 0 done; 1 the work failed; 2 the command was used wrongly; 3 what was asked for has not been built yet.
"""

from recsys_assets.cli.commands import app

__all__ = ["app"]
