"""Meta's Graph API over one world, an edge per module. It knows paths, tokens and shapes; the world decides."""
