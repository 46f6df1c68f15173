"""How an engine is reached: a command, a Python factory, HTTP, a socket, recorded answers."""
