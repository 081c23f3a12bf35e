"""Floor 2. The camera board: devices in plain Python, without a CPU. Start reading at memory_map.py, then board.py."""
