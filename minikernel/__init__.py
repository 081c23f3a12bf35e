"""minikernel: an educational mini-kernel emulator. See README.md and tutorials/."""
