"""The words of the doctor's findings, one TOML file per section."""
