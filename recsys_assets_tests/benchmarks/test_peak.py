import subprocess
import sys

import numpy as np
import pytest

from recsys_assets.settings import PROJECT_ROOT
from recsys_assets_tests.benchmarks.peak import STATUS, peak_mb

ASK = "from recsys_assets_tests.benchmarks.peak import peak_mb; print(peak_mb())"


@pytest.mark.skipif(not STATUS.exists(), reason="where there is no /proc a small process can't be told from its parent")
def test_a_small_process_started_by_a_large_one_has_a_small_peak() -> None:
    large = np.ones(300 * 2**17)  # 300 MiB
    told = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True, cwd=PROJECT_ROOT)
    assert float(told.stdout) < 100 < 300 < peak_mb()
    del large
