"""The autograder for Gradescope: one zip with setup.sh, run_autograder and this package with the lab inside.

Source: gradescope-autograders.readthedocs.io, "Autograder Specifications". Gradescope unpacks the zip to
/autograder/source and runs setup.sh once, as root, when it makes the image; for each submission it copies
run_autograder to /autograder and runs it there. Only the libraries in requirements.txt come from a package registry.

The same lab and the same sources give the same bytes.
"""

from __future__ import annotations

import io
import tomllib
import zipfile
from collections.abc import Collection, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from minikernel.labs.lab import Lab
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.tutorials_tree import tutorials_tree

_PACKAGE = Path(__file__).resolve().parents[2]
_INSTALLED = ("_guest", "_tutorials")

_SETUP = """\
#!/usr/bin/env bash
# Once, as root, when Gradescope builds the image: Python, and the libraries that minikernel stands on.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

if ! python="$(find_python)"; then
    apt-get update
    apt-get install -y python3.12-venv || apt-get install -y python3.11-venv
    python="$(find_python)"
fi
"$python" -m venv "$root/venv"
"$root/venv/bin/pip" install -r "$root/source/requirements.txt"

# One boot, so that the kernel's sources are assembled in the image, and not again for each submission.
export MINIKERNEL_CACHE="$root/cache" PYTHONPATH="$root/source"
"$root/venv/bin/python" -P -m minikernel boot -q
"""

_RUN = """\
#!/usr/bin/env bash
# For each submission: $root/submission in, $root/results/results.json out.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
export MINIKERNEL_CACHE="$root/cache" PYTHONPATH="$root/source"
exec "${MINIKERNEL_PYTHON:-$root/venv/bin/python}" -P -m minikernel.cli.gradescope_harness "$root" LAB
"""


def autograder_zip(lab: Lab) -> bytes:
    """The zip for one lab, wherever it lies: inside it is among the tutorials' labs, where the autograder looks."""
    scripts = {"setup.sh": _SETUP, "run_autograder": _RUN.replace("LAB", lab.slug)}
    files = {
        **{name: text.encode() for name, text in scripts.items()},
        "requirements.txt": "".join(f"{line}\n" for line in _requirements()).encode(),
        **dict(_package_files(lab)),
    }
    return _zipped(files, executable=scripts.keys())


def _package_files(lab: Lab) -> Iterator[tuple[str, bytes]]:
    """This package as a wheel has it, with the guest's sources and, of the tutorials, this lab only."""
    tutorials = tutorials_tree()
    page = "architecture.md"
    for path in _files(_PACKAGE):
        if path.relative_to(_PACKAGE).parts[0] not in _INSTALLED:
            yield f"minikernel/{path.relative_to(_PACKAGE).as_posix()}", path.read_bytes()
    for path in _files(guest_tree()):
        yield f"minikernel/_guest/{path.relative_to(guest_tree()).as_posix()}", path.read_bytes()
    yield f"minikernel/_tutorials/{page}", (tutorials / page).read_bytes()
    for path in _files(lab.folder):
        yield f"minikernel/_tutorials/labs/{lab.slug}/{path.relative_to(lab.folder).as_posix()}", path.read_bytes()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _requirements() -> list[str]:
    """What this package needs at run time: by pyproject.toml in a checkout, by its metadata where it is installed."""
    project = _PACKAGE.parent / "pyproject.toml"
    if project.is_file():
        return list(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])
    return [line for line in metadata.requires("minikernel") or [] if "extra ==" not in line]


def _zipped(files: Mapping[str, bytes], executable: Collection[str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # 1980-01-01
            info.create_system = 3  # Unix, which the permissions are for
            info.external_attr = (0o100755 if name in executable else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    return out.getvalue()
