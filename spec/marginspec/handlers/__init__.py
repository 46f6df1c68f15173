"""What each event does, and when it is refused."""
