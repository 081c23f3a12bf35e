"""What the command costs as a whole process: python benchmarks/startup.py

Cold (empty build cache) and warm `minikernel boot -q`, against importing the engines. Figures are ratios of one run.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 9
IMPORTS = [sys.executable, "-c", "import unicorn, keystone, capstone, rich"]
BOOT = [sys.executable, "-m", "minikernel", "boot", "-q"]


def seconds(command: list[str], cache: Path) -> float:
    """Wall time of one process."""
    environment = {**os.environ, "MINIKERNEL_CACHE": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as an installed command runs: with its byte code
    start = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        warm_cache = Path(directory) / "warm"
        seconds(IMPORTS, warm_cache)
        seconds(BOOT, warm_cache)
        warm, cold = [], []
        for number in range(REPEATS):
            imports = seconds(IMPORTS, warm_cache)
            warm.append(seconds(BOOT, warm_cache) / imports)
            cold.append(seconds(BOOT, Path(directory) / f"cold{number}") / imports)
    print(f"warm boot against the imports      {statistics.median(warm):6.2f}   (at most 4)")
    print(f"cold build and boot against them   {statistics.median(cold):6.2f}   (at most 8)")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of a boot              {peak:6.0f} MB (under 200)")


if __name__ == "__main__":
    main()
