"""Floor 4: settings, wiring, logging and metrics."""
