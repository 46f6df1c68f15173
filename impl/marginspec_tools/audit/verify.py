"""`marginspec audit --verify`: whether a report's folder is what its manifest says, and who signed that."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec

from marginspec_journal import InputError
from marginspec_journal.errors import unreadable
from marginspec_journal.strict_json import parse_document
from marginspec_tools.audit.folder import (
    MANIFEST,
    MINISIGN_SIGNATURE,
    REPORT_FILES,
    SSH_SIGNATURE,
    SUMMARY,
    sha256_of_file,
)
from marginspec_tools.console import one_line

NAMESPACE = "file"
"""What `ssh-keygen -Y sign -n` is told that signatures are of."""
SECONDS = 30
VERSION = 1
"""The number of the manifest's format."""
STATED = ("auditor", "inputs", "hash", "program", "versions")
"""What the manifest states of the report, and the summary too."""
UNSIGNED = "not signed: nothing protects manifest.json itself, and who changes it to fit other files goes unnoticed"


@attrs.frozen
class Signature:
    """What is known of a signature: whether it is right, None if that could not be told, and what to say of it."""

    is_right: bool | None
    text: str


@attrs.frozen
class Verified:
    """What became of the files of a report, what else lies there, and the signature.

    `missing` are files that the manifest names or every report has, `contradicting` what the manifest states otherwise
    than the summary.
    """

    files: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]
    contradicting: tuple[str, ...]
    signature: Signature

    @property
    def differences(self) -> dict[str, tuple[str, ...]]:
        """What is not as it should be, by what that is."""
        told = {
            "missing": self.missing,
            "changed": self.changed,
            "extra": self.extra,
            f"stated otherwise in {SUMMARY}": self.contradicting,
        }
        return {word: names for word, names in told.items() if names}

    @property
    def holds(self) -> bool:
        """Whether the folder is what the manifest says, and no signature is wrong."""
        return not self.differences and self.signature.is_right is not False

    def lines(self) -> Iterator[str]:
        """For people: what differs, by name, then the signature."""
        for word, names in self.differences.items():
            yield from (one_line(f"{word}: {name}") for name in names)
        if not self.differences:
            yield f"all {self.files} files are as {MANIFEST} says"
        yield one_line(self.signature.text)

    def as_object(self) -> dict[str, Any]:
        """For programs."""
        told = attrs.asdict(self)
        signature = told.pop("signature")
        return {
            "verify": 1,
            "holds": self.holds,
            **told,
            "signed": signature["is_right"],
            "signature": self.signature.text,
        }


def verified(folder: Path, signers: Path | None = None) -> Verified:
    """Compare a folder with its manifest; `signers` says whose signatures count.

    It is a file of allowed signers as ssh-keygen has them, or a public key of minisign.
    """
    return attrs.evolve(compared(folder), signature=signature_of(folder, signers))


def compared(folder: Path) -> Verified:
    """Compare a folder with its manifest, whose signature is not looked at."""
    fields = stated_in(folder / MANIFEST)
    files = files_of(folder / MANIFEST, fields)
    # A manifest that leaves files out would hold for a folder without them.
    missing = tuple(sorted(name for name in {*files, *REPORT_FILES} if not (folder / name).exists()))
    changed = tuple(name for name in files if name not in missing and digest_of(folder / name) != files[name])
    known = {*files, MANIFEST, SSH_SIGNATURE, MINISIGN_SIGNATURE}
    extra = tuple(sorted(entry.name for entry in folder.iterdir() if entry.name not in known))
    is_summary_told = SUMMARY in files and SUMMARY not in (*missing, *changed)
    contradicting = contradictions(fields, folder / SUMMARY) if is_summary_told else ()
    unlooked = Signature(None, "no signature was looked at")
    return Verified(len(files), missing, changed, extra, contradicting, unlooked)


def contradictions(fields: dict[str, Any], summary: Path) -> tuple[str, ...]:
    """What a manifest states otherwise than the summary, or does not state."""
    try:
        told: Any = msgspec.json.decode(summary.read_bytes())
    except OSError as error:
        raise unreadable(summary, error) from None
    except msgspec.DecodeError:
        told = None
    told = told if isinstance(told, dict) else {}
    names = sorted({*STATED, *fields} - {"manifest", "files"})
    return tuple(one for one in names if one not in fields or one not in told or fields[one] != told[one])


def stated_in(path: Path) -> dict[str, Any]:
    """What a manifest states, by name; nothing of what is no object."""
    try:
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    fields = parse_document(text, str(path), None).value
    return fields if isinstance(fields, dict) else {}


def files_of(path: Path, fields: dict[str, Any]) -> dict[str, str]:
    """The files that a manifest names, each with its SHA-256; refuses one that is none."""
    files = fields.get("files")
    if not isinstance(files, dict) or not all(isinstance(one, str) for one in files.values()):
        raise InputError(str(path), None, "files", "expected the names of files, each with its SHA-256")
    for name in files:
        if Path(name).name != name:
            raise InputError(str(path), None, "files", f"not a name of a file in the folder: {name!r}")
    if fields.get("manifest") != VERSION:
        raise InputError(str(path), None, "manifest", f"expected {VERSION}")
    return dict(sorted(files.items()))


def digest_of(path: Path) -> str:
    """SHA-256 of a file; of something else, what no file has."""
    try:
        return sha256_of_file(path) if path.is_file() and not path.is_symlink() else ""
    except OSError as error:
        raise unreadable(path, error) from None


# ----------------------------------------------------------------- signatures


def signature_of(folder: Path, signers: Path | None) -> Signature:
    """What is known of the signature beside a manifest."""
    ssh, minisign = folder / SSH_SIGNATURE, folder / MINISIGN_SIGNATURE
    try:
        if ssh.is_file():
            return ssh_signature(folder / MANIFEST, ssh, signers)
        if minisign.is_file():
            return minisign_signature(folder / MANIFEST, minisign, signers)
    except FileNotFoundError as error:
        asked = False if signers else None
        return Signature(asked, f"signed, but that was not checked: {error.filename} is not installed")
    except subprocess.TimeoutExpired as error:
        return Signature(False, f"WRONG SIGNATURE: {error.cmd[0]} did not end within {SECONDS} s")
    return Signature(False if signers else None, UNSIGNED)


def ssh_signature(manifest: Path, signature: Path, signers: Path | None) -> Signature:
    """A signature that ssh-keygen made."""
    if signers is None:
        is_right, told = asked_of(
            "ssh-keygen", "-Y", "check-novalidate", "-n", NAMESPACE, "-s", signature, given=manifest
        )
        whose = "; by whose key, --signers FILE tells" if is_right else ""
        return Signature(is_right, f"{'signed' if is_right else 'WRONG SIGNATURE'}: {told}{whose}")
    is_known, name = asked_of("ssh-keygen", "-Y", "find-principals", "-s", signature, "-f", signers)
    if not is_known:
        return Signature(False, f"WRONG SIGNATURE: by nobody in {signers}")
    words = ("ssh-keygen", "-Y", "verify", "-f", signers, "-I", name, "-n", NAMESPACE, "-s", signature)
    is_right, told = asked_of(*words, given=manifest)
    return Signature(is_right, f"signed by {name}" if is_right else f"WRONG SIGNATURE: {told}")


def minisign_signature(manifest: Path, signature: Path, signers: Path | None) -> Signature:
    """A signature that minisign made."""
    if signers is None:
        return Signature(None, "signed with minisign, which was not checked: --signers FILE names the public key")
    is_right, told = asked_of("minisign", "-V", "-m", manifest, "-x", signature, "-p", signers)
    return Signature(is_right, f"signed by the key in {signers}" if is_right else f"WRONG SIGNATURE: {told}")


def asked_of(*words: str | Path, given: Path | None = None) -> tuple[bool, str]:
    """Whether a program agrees, and the first line of what it says."""
    text = given.read_bytes() if given else b""
    done = subprocess.run([str(one) for one in words], input=text, capture_output=True, timeout=SECONDS, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "backslashreplace").strip().splitlines()
    return done.returncode == 0, said[0] if said else ""
