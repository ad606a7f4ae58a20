"""Who decides, for the record: the user of this machine unless another name is given."""


def named(given: str) -> str:
    return given.strip() or _user()


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "unknown"
