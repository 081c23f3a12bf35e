"""Floor 6. The command: the argument tree and everything that prints."""
