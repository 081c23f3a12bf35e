"""Floor 3. The machine: one Cortex-A15, its memory and MMU, the board's devices on its bus, and virtual time.

Read machine.py first: `run()` is the table of contents. cpu.py is the only file that knows the engine (Unicorn).
The package knows nothing of what runs on it beyond the ELF symbol table; kernel/ above knows that.
"""
