"""Floor 5: the command line. Data goes to stdout, talk to stderr."""
