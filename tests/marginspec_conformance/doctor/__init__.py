"""Walking through the protocol with an engine, to say what to mend in its adapter."""
