"""Floor 5: the library face, for an application of yours that sends invitations itself."""
