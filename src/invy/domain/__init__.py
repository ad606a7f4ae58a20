"""Floor 0: the nouns and their laws. Pure: no clock, no database, no socket, no setting."""
