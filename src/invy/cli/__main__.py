"""`python -m invy.cli`: the same as `invy`."""

from invy.cli import main

if __name__ == "__main__":
    main()
