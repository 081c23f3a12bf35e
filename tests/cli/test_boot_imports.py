"""What `minikernel boot -q` does not need, it does not load: half of its time is the loading of Python modules."""

import subprocess
import sys

import pytest

LOADED = """
import sys
from minikernel.cli.main import main
main(["boot", "-q", "--max-instructions", "1000"])
print(*sorted(sys.modules))
"""

NOT_NEEDED = (
    "rich",
    "capstone",
    "difflib",
    "json",
    "minikernel.debug",
    "minikernel.report",
    "minikernel.cli.story",
    "minikernel.cli.repl",
    "minikernel.elf.line_table",
    "minikernel.kernel.backtrace",
    "minikernel.kernel.structures",
    "minikernel.kernel.slab",
    "minikernel.labs",
    "minikernel.lessons",
)


@pytest.fixture(scope="module")
def loaded():
    subprocess.run([sys.executable, "-c", LOADED], capture_output=True)  # the build is in the cache now
    printed = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    return set(printed.split())


def test_machine_and_engine_are_loaded(loaded):
    assert {"unicorn", "minikernel.kernel.machine", "minikernel.cli.boot"} <= loaded


@pytest.mark.parametrize("module", NOT_NEEDED)
def test_boot_that_tells_nothing_does_not_load(loaded, module):
    assert module not in loaded


def test_warm_boot_does_not_load_the_assembler(loaded):
    assert not {"keystone", "minikernel.toolchain.assembler", "minikernel.toolchain.linker"} & loaded
