"""Gets real modules of Debian's ARM kernel for the test run: GPL binaries, fetched when needed, never kept in the tree.

Looked for in this order: the folder $MINIKERNEL_DEBIAN_MODULES, the cache of an earlier run, Debian's package
linux-image-*-armmp for armhf (43 MB through `apt-get download` with lists of its own; only
the modules named here stay).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from outside.bootgraph import cache_folder

META_PACKAGE = "linux-image-armmp"
WANTED = ("crc7.ko", "crc8.ko", "crc-itu-t.ko", "crc16.ko")
MEMBERS = [f"./lib/modules/*/kernel/lib/{name}" for name in WANTED]
DOWNLOAD_SECONDS = 300
_TOOLS = ("apt-get", "apt-cache", "dpkg-deb", "tar")


def debian_modules() -> dict[str, bytes] | str:
    """NAME.ko -> bytes, or why they cannot be had."""
    named = os.environ.get("MINIKERNEL_DEBIAN_MODULES")
    for folder in ([Path(named)] if named else []) + [_kept()]:
        found = {path.name: path.read_bytes() for path in folder.rglob("*.ko") if path.name in WANTED}
        if len(found) == len(WANTED):
            return found
    return _download()


def _kept() -> Path:
    return cache_folder() / "debian-armmp"


def _download() -> dict[str, bytes] | str:
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return "cannot fetch Debian's modules without " + ", ".join(missing)
    with tempfile.TemporaryDirectory(prefix="debian-armmp-") as name:
        folder = Path(name)
        for part in ("lists/partial", "cache/archives/partial", "files"):
            (folder / part).mkdir(parents=True)
        options = [
            f"-oDir::State::Lists={folder}/lists",
            f"-oDir::Cache={folder}/cache",
            "-oAPT::Architecture=armhf",
            "-oAPT::Architectures=armhf",
            "-oAPT::Sandbox::User=root",
        ]
        try:
            updated = _run(folder, "apt-get", *options, "-q", "update")
            depends = _run(folder, "apt-cache", *options, "depends", META_PACKAGE).stdout
            package = re.search(r"Depends: (linux-image-\S+-armmp)$", depends, re.M)
            if package is None:
                return f"apt knows no {META_PACKAGE} for armhf: {_last(updated.stderr)}"
            fetched = _run(folder / "files", "apt-get", *options, "-q", "download", package[1])
        except subprocess.TimeoutExpired as slow:
            return f"{' '.join(map(str, slow.cmd[:1]))} took more than {DOWNLOAD_SECONDS} s"
        packages = list((folder / "files").glob("*.deb"))
        if not packages:
            return f"apt-get download {package[1]}: {_last(fetched.stderr)}"
        return _unpack(packages[0], folder)


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def _unpack(package: Path, folder: Path) -> dict[str, bytes] | str:
    listing = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "--wildcards", *MEMBERS], cwd=folder, input=listing, check=True)
    found = {path.name: path.read_bytes() for path in folder.rglob("*.ko")}
    missing = [name for name in WANTED if name not in found]
    if missing:
        return f"{package.name} has no {', '.join(missing)}"
    target = _kept()
    target.mkdir(parents=True, exist_ok=True)
    for name, data in found.items():
        temporary = target / f"{name}.{os.getpid()}"
        temporary.write_bytes(data)
        temporary.replace(target / name)
    return found
