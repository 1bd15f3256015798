"""What the code location loads of the models when it starts: their configs, none of the libraries they learn with."""

from __future__ import annotations

import subprocess
import sys


def test_configs_of_all_models_are_had_without_a_library_to_learn_with() -> None:
    code = (
        "import sys\n"
        "from recsys_assets.recommenders import MODELS, config_class\n"
        "[config_class(name) for name in MODELS]\n"
        "print(sorted({'numba', 'myfm', 'surprise', 'sklearn', 'torch', 'implicit', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
