"""The bundle for desktop assistants."""
