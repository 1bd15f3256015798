"""Peak memory of this process alone; nothing but the standard library, so that rivals' environments can ask too.

Linux hands `ru_maxrss` of whoever starts a process on to it: started by a large test run, every model would be shown
with that run's peak. `VmHWM` begins anew.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """MiB; where there is no /proc, what `getrusage` says."""
    if STATUS.exists():
        return (
            next(float(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")) / 1024
        )
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
