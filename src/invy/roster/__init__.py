"""Floor 1: guest lists in. Bytes of a file become guests and problems; nothing is dropped in silence. Pure."""
