"""`python -m minikernel` is the command `minikernel`."""

from __future__ import annotations

import sys

from minikernel.cli.main import main

sys.exit(main())
