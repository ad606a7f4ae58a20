"""Floor 2: why a message did not arrive. Evidence and health become a verdict. Pure."""
