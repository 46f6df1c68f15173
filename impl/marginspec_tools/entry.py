"""The program `marginspec`: it answers an interrupt in one line from its first moment on, while it is still loading."""

import os
import sys

INTERRUPTED = 130
"""What a shell reports of a program that SIGINT ended; the console has it too, but may not be loaded yet."""


def main() -> None:
    """Load the commands and run one."""
    try:
        from marginspec_tools.cli import main as run

        run()
    except KeyboardInterrupt:
        # Whatever was half loaded is not asked to clean up.
        if sys.stderr is not None:
            os.write(2, b"interrupted\n")
        os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
