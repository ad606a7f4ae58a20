"""Floor 3: the use-cases. They see ports, never a database or a socket."""
