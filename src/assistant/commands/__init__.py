"""The commands of the terminal, one module a concern. Nothing heavy is imported before a command runs."""
