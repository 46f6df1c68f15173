"""Many events: each is applied, its receipt written, and the chain's hash taken on."""

from marginspec_engine import layout
from marginspec_engine.layout import NONE, USED
from marginspec_engine.layout.reasons import ACCEPTED, TOO_WIDE
from marginspec_engine.memory.event_prefetch import prefetch_events
from marginspec_engine.memory.raw_bytes import put_one, put_two, two
from marginspec_engine.memory.words import Words, at, items, reserve, words_at
from marginspec_engine.rules.transition import apply_event
from marginspec_engine.text.canonical import (
    ACCEPTED_IS,
    ALSO_HASH,
    ALSO_SEQ,
    CLOSE,
    COMMA,
    EVENT_IS,
    REASON_PARTS,
    REJECTED_EVENT_IS,
    write_effect,
    write_event,
)
from marginspec_engine.text.hashing import hash_bytes, put_hash, schedule_of
from marginspec_engine.text.texts import HEXADECIMAL, copy, fixed, whole

HASH_BYTES = 32
LONGEST_EFFECT = 4096
"""No event and no effect has more bytes: it names six things of 384 bytes at most."""
NEWLINE = ord("\n")
ALL_EFFECTS, REJECTIONS = 1, 2
"""What WANTS_EFFECTS may say of the events taken: that all effects are collected, or rejections only."""


def run_rows(book: Words, rows: int, first: int, end: int) -> int:
    """Take the events in rows from first to end at an address; gives the row to go on from.

    Stops before an event that is not compiled, and before one that may need more than 64 bits.
    """
    for number in range(first, end):
        event = words_at(book, rows + number * layout.EVENT_ROW * layout.WORD_BYTES)
        if event[layout.EVENT_TYPE] > layout.LAST_COMPILED:
            return number
        prefetch_events(book, rows, number, end)
        for place in range(layout.EVENT_ROW):
            book[layout.EVENT_WORDS + place] = event[place]
        reason = apply_event(book)
        if reason == TOO_WIDE:
            return number
        publish(book, reason)
    return end


def publish(book: Words, reason: int) -> None:
    """Write the receipt of the event just taken, and take the chain's hash on."""
    book[layout.WRITTEN] = book[layout.WRITTEN] + 1
    book[layout.COUNTS + reason] = book[layout.COUNTS + reason] + 1
    start = text_room(book, 0)
    written = write_event(book, start)
    text_hash(book, start, written - start)
    if reason == ACCEPTED:
        end = write_effects(book)
        end = hexadecimal(book, fixed(book, end, EVENT_IS))
        split = end
        end = fixed(book, whole(book, fixed(book, end, ALSO_SEQ), book[layout.WRITTEN]), CLOSE)
    else:
        split = hexadecimal(book, fixed(book, start, REJECTED_EVENT_IS))
        end = fixed(book, whole(book, fixed(book, split, REASON_PARTS[reason]), book[layout.WRITTEN]), CLOSE)
    chain_receipt(book, end)
    if book[layout.WANTS_LINES] == 1:
        add_line(book, split, end)
    wanted = book[layout.WANTS_EFFECTS]
    if wanted == ALL_EFFECTS or (wanted == REJECTIONS and reason != ACCEPTED):
        collect(book, reason)


def collect(book: Words, reason: int) -> None:
    """Put the effects of the event just taken, or its rejection, behind those that wait, in rows of one width."""
    if reason != ACCEPTED:
        row = collected_row(book)
        row[1] = -reason
        return
    effects, place = at(book, layout.EFFECTS), 0
    while place < effects[USED]:
        effect = at(items(book, effects), place)
        row = collected_row(book)
        for word in range(layout.EFFECT_LENGTHS[effect[0]]):
            row[1 + word] = effect[word]
        place = place + layout.EFFECT_LENGTHS[effect[0]]


def collected_row(book: Words) -> Words:
    """A new row of COLLECTED, of the event just taken, with nothing else in it."""
    collected = at(book, layout.COLLECTED)
    reserve(book, collected, layout.EFFECT_ROW)
    row = at(items(book, collected), collected[USED])
    collected[USED] = collected[USED] + layout.EFFECT_ROW
    row[0] = book[layout.WRITTEN]
    for word in range(1, layout.EFFECT_ROW):
        row[word] = NONE
    return row


def text_room(book: Words, used: int) -> int:
    """Where a receipt's text begins, behind the hash before it, with room for another effect behind what is used."""
    receipt = at(book, layout.RECEIPT)
    needed = (HASH_BYTES + used + 2 * LONGEST_EFFECT) // layout.WORD_BYTES
    if needed > receipt[layout.ROOM]:
        receipt[USED] = receipt[layout.ROOM]
        reserve(book, receipt, needed - receipt[USED])
        receipt[USED] = 0
    return receipt[layout.ADDRESS] + HASH_BYTES


def write_effects(book: Words) -> int:
    """The effects of the event just taken, one behind the other."""
    start = text_room(book, 0)
    out, effects, place = fixed(book, start, ACCEPTED_IS), at(book, layout.EFFECTS), 0
    while place < effects[USED]:
        if place > 0:
            out = fixed(book, out, COMMA)
        effect = at(items(book, effects), place)
        out = write_effect(book, out, effect)
        place = place + layout.EFFECT_LENGTHS[effect[0]]
        written = out - start
        start = text_room(book, written)
        out = start + written
    return out


def text_hash(book: Words, start: int, length: int) -> None:
    """Leave the hash of a text in DIGEST's words, as 32 bytes behind its schedule."""
    state = at(book, layout.DIGEST)
    hash_bytes(state, schedule_of(state), start, length)


def hexadecimal(book: Words, out: int) -> int:
    """The hash in DIGEST, in hexadecimal."""
    state, pairs = at(book, layout.DIGEST), book[layout.LITERALS] + HEXADECIMAL
    for place in range(8):
        word = state[place]
        for byte in range(4):
            put_two(out + 8 * place + 2 * byte, two(pairs + 2 * ((word >> (24 - 8 * byte)) & 0xFF)))
    return out + 2 * HASH_BYTES


def chain_receipt(book: Words, end: int) -> None:
    """The chain's hash after a receipt that ends at an address: of the hash before it and the receipt."""
    start = text_room(book, 0) - HASH_BYTES
    for place in range(4):
        words_at(book, start)[place] = book[layout.CHAIN + place]
    text_hash(book, start, end - start)
    put_hash(at(book, layout.DIGEST), start)
    for place in range(4):
        book[layout.CHAIN + place] = words_at(book, start)[place]


def add_line(book: Words, split: int, end: int) -> None:
    """Put the receipt that ends at an address behind the lines that wait, its chain's hash where it is split."""
    lines, start = at(book, layout.LINES), text_room(book, 0)
    used = lines[USED]
    needed = (used + end - start + 2 * LONGEST_EFFECT) // layout.WORD_BYTES
    if needed > lines[layout.ROOM]:
        lines[USED] = lines[layout.ROOM]
        reserve(book, lines, needed - lines[USED])
    out = copy(lines[layout.ADDRESS] + used, start, split - start)
    out = hexadecimal(book, fixed(book, out, ALSO_HASH))
    # What the hash overwrote behind the receipt does not matter, but its own bytes are whole.
    out = copy(out, split, end - split)
    put_one(out, NEWLINE)
    lines[USED] = out + 1 - lines[layout.ADDRESS]
