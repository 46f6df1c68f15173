"""What runner and engine say to each other: messages, their JSON, their schema."""
