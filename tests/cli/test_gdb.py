"""`minikernel gdb` before gdb is there; what gdb makes of it is in tests/outside/test_gdb_session.py."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from minikernel.cli.arguments import parser
from minikernel.cli.main import main
from minikernel.debug.gdb_server import DEFAULT_PORT


def test_the_port_is_the_servers_own_unless_another_is_given() -> None:
    assert parser().parse_args(["gdb"]).port == DEFAULT_PORT
    assert parser().parse_args(["gdb", "--port", "0"]).port == 0


@pytest.mark.parametrize("text", ["-1", "65536", "gdb", "", "1.5", "\u0661"])
def test_a_port_is_a_number_that_ports_have(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["gdb", f"--port={text}"])
    assert "expected a port, 0 to 65535" in capsys.readouterr().err


def test_a_port_in_use_is_an_error_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["gdb", "--port", str(port), "-o", str(tmp_path / "build")]) == 2
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
    assert (tmp_path / "build/vmlinux").exists()
