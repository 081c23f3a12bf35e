"""minikernel: an educational mini-kernel emulator. See README.md and tutorials/.

    import minikernel
    m = minikernel.boot(until="shell")
    print(m.shell("cat /proc/deferred_initcalls"))

`boot` is loaded when it is first asked for, so that `import minikernel` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from minikernel.power_on import boot

__all__ = ["boot"]


def __getattr__(name: str) -> object:
    if name == "boot":
        from minikernel.power_on import boot

        return boot
    raise AttributeError(f"module 'minikernel' has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext minikernel`: the debugger's verbs as magics, `m` and `dbg` as names."""
    from minikernel.cli.ipython import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext minikernel`."""
    from minikernel.cli.ipython import unload

    unload(shell)
