"""Record the explanations anew, as `make recordings` does; then read what changed."""

from pathlib import Path

from worlds.explained import recordings

FOLDER = Path(__file__).parent / "explanations"


def main() -> None:
    """Write a file for each recorded explanation, and delete those of others."""
    texts = recordings()
    for path in FOLDER.glob("*.txt"):
        if path.stem not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
