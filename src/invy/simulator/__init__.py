"""A stand-in for Meta's Cloud API, and a witness of its own: it imports nothing of Invy."""
