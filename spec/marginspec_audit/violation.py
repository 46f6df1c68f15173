"""What a broken invariant is told as."""

import attrs


@attrs.frozen
class Violation:
    """A broken invariant: which one, what broke, in which account, domain, market or asset, by how much."""

    invariant: str
    what: str
    where: str
    amount: int
