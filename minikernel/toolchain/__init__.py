"""Floor 3. From guest sources to vmlinux, modules and initramfs. Start reading at build.py.

`guest_tree()` lives in guest_tree.py and is named here because everybody asks the package for it.
"""

from minikernel.toolchain.guest_tree import guest_tree

__all__ = ["guest_tree"]
