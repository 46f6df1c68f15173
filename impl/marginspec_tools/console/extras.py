"""What an extra of the installation brings, and how to install it where it is missing."""

from importlib.util import find_spec

SERVE = ("jinja2", "starlette", "uvicorn")
"""What `serve` needs."""


def missing_packages(packages: tuple[str, ...]) -> list[str]:
    """Those that are not installed."""
    return [package for package in packages if find_spec(package) is None]


def install_line(extra: str) -> str:
    """The line that installs an extra."""
    return f"pip install 'marginspec[{extra}]'"
