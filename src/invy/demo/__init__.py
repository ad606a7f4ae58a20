"""Floor 5: the whole of Invy on one laptop, against the simulator."""
