"""Floor 1. ELF32 for ARM: names of the gABI, object files, images, and the one table of ARM relocations."""
