"""Gets Linux's scripts/bootgraph.pl for the test run: GPL-2.0-only text, fetched when needed, never kept in the tree.

Looked for in this order: $MINIKERNEL_BOOTGRAPH, an unpacked or packed linux-source under /usr/src, the cache of an
earlier run, Debian's package linux-source-6.1 (139 MB through `apt-get download`; only the script is kept).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "linux-source-6.1"
MEMBER = f"{PACKAGE}/scripts/bootgraph.pl"
DOWNLOAD_SECONDS = 300


def cache_folder() -> Path:
    """Where fetched judges stay between runs, outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minikernel-judges"


def _installed() -> Iterator[Path]:
    if named := os.environ.get("MINIKERNEL_BOOTGRAPH"):
        yield Path(named)
    yield from sorted(Path("/usr/src").glob("linux-source-*/scripts/bootgraph.pl"))
    yield from sorted(Path("/usr/src").glob("linux-headers-*/scripts/bootgraph.pl"))
    yield cache_folder() / "bootgraph.pl"


def bootgraph_script() -> Path | str:
    """The script's path, or why it cannot be had."""
    for path in _installed():
        if path.is_file():
            return path
    for packed in sorted(Path("/usr/src").glob("linux-source-*.tar.xz")):
        return _keep(_extract(packed.read_bytes(), packed.name.removesuffix(".tar.xz") + "/scripts/bootgraph.pl"))
    return _download()


def _download() -> Path | str:
    missing = [tool for tool in ("apt-get", "dpkg-deb", "tar", "xz") if shutil.which(tool) is None]
    if missing:
        return "cannot fetch bootgraph.pl without " + ", ".join(missing)
    with tempfile.TemporaryDirectory(prefix="bootgraph-") as folder:
        try:
            fetched = subprocess.run(
                ["apt-get", "download", PACKAGE], cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"apt-get download {PACKAGE} took more than {DOWNLOAD_SECONDS} s"
        packages = list(Path(folder).glob("*.deb"))
        if fetched.returncode or not packages:
            return f"apt-get download {PACKAGE}: {fetched.stderr.strip().splitlines()[-1:] or 'no package came'}"
        listing = subprocess.run(["dpkg-deb", "--fsys-tarfile", packages[0]], capture_output=True, check=True).stdout
        packed = subprocess.run(
            ["tar", "-xO", f"./usr/src/{PACKAGE}.tar.xz"], input=listing, capture_output=True, check=True
        ).stdout
        return _keep(_extract(packed, MEMBER))


def _extract(packed: bytes, member: str) -> bytes:
    """One member of a .tar.xz; tar stops reading once it has it, so a broken pipe is no failure."""
    with subprocess.Popen(
        ["tar", "-xJO", "--occurrence=1", "-f", "-", member], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as tar:
        text, _ = tar.communicate(packed)
    return text


def _keep(script: bytes) -> Path | str:
    if not script.startswith(b"#!"):
        return "the kernel source package has no scripts/bootgraph.pl"
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "bootgraph.pl"
    temporary = folder / f"bootgraph.pl.{os.getpid()}"
    temporary.write_bytes(script)
    return temporary.replace(target)
