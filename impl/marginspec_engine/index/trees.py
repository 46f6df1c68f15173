"""Trees over queues: the first place of a queue whose fraction is at least another one.

A leaf holds a fraction, of an amount over a number of lots, and a node the largest fraction below it, or more than
that: it is raised as soon as a leaf is, and lowered when a search has looked below it in vain. So a search looks at a
few nodes for each level of the tree, and besides only at what it lowers. A node is lowered at most once for each change
of a leaf below it: what it held, and no leaf below holds any more, does not come back.
"""

from marginspec_engine import layout
from marginspec_engine.kernels.deleveraging import is_no_less
from marginspec_engine.layout import NONE, USED
from marginspec_engine.memory.words import Words, at, items, reserve

NODE = 2
AMOUNT, OVER = range(NODE)
"""Of a node: a fraction's amount and the lots (> 0) that it is over; over 0 lots there is none."""


def plant(book: Words, queue: Words, count: int) -> None:
    """Make a tree without fractions: node 1 is its root, 2n and 2n + 1 stand below node n, leaves last.

    It has at least two leaves, so that the root is no leaf.
    """
    nodes, leaves = at(queue, layout.NODES), 2
    while leaves < count:
        leaves = 2 * leaves
    queue[layout.LEAVES] = leaves
    queue[layout.FRONT] = 0
    nodes[USED] = 0
    reserve(book, nodes, 2 * leaves * NODE)
    for place in range(count, leaves):
        node(book, queue, leaves + place)[OVER] = 0


def plant_leaf(book: Words, queue: Words, place: int, amount: int, over: int) -> None:
    """Write a leaf of a tree that has not grown."""
    leaf = node(book, queue, queue[layout.LEAVES] + place)
    leaf[AMOUNT] = amount
    leaf[OVER] = over


def grow(book: Words, queue: Words) -> None:
    """Write all nodes above the leaves."""
    for number in range(queue[layout.LEAVES] - 1, 0, -1):
        join(book, queue, number)


def node(book: Words, queue: Words, number: int) -> Words:
    """A node of a queue's tree."""
    return at(items(book, at(queue, layout.NODES)), NODE * number)


def largest(book: Words, queue: Words) -> Words:
    """A fraction that none in the tree is above; over 0 lots if there is none."""
    return node(book, queue, 1)


def join(book: Words, queue: Words, number: int) -> None:
    """Write a node from the two below it."""
    joined, left, right = node(book, queue, number), node(book, queue, 2 * number), node(book, queue, 2 * number + 1)
    chosen = left if right[OVER] == 0 or reaches(left, right[AMOUNT], right[OVER]) else right
    joined[AMOUNT] = chosen[AMOUNT]
    joined[OVER] = chosen[OVER]


def reaches(words: Words, amount: int, over: int) -> bool:
    """Whether a node's fraction is at least another one."""
    return words[OVER] != 0 and is_no_less(words[AMOUNT], words[OVER], amount, over)


def exceeds(words: Words, amount: int, over: int) -> bool:
    """Whether a node's fraction is above another one."""
    return words[OVER] != 0 and not is_no_less(amount, over, words[AMOUNT], words[OVER])


def change_leaf(book: Words, queue: Words, place: int, amount: int, over: int) -> bool:
    """Write a leaf anew; nodes above it with less are raised. Whether the leaf has more than before."""
    above = queue[layout.LEAVES] + place
    queue[layout.FRONT] = min(queue[layout.FRONT], place)
    if reaches(node(book, queue, above), amount, over):
        plant_leaf(book, queue, place, amount, over)
        return False
    plant_leaf(book, queue, place, amount, over)
    while above > 1 and not reaches(node(book, queue, above // 2), amount, over):
        above = above // 2
        raised = node(book, queue, above)
        raised[AMOUNT] = amount
        raised[OVER] = over
    return True


def drop_leaf(book: Words, queue: Words, place: int) -> None:
    """Take a leaf's fraction away, until it is changed."""
    node(book, queue, queue[layout.LEAVES] + place)[OVER] = 0


def first_reaching(book: Words, queue: Words, amount: int, over: int) -> int:
    """The first place whose fraction is at least another one; NONE, and no node says otherwise, if there is none."""
    return first_place(book, queue, amount, over, False)


def first_exceeding(book: Words, queue: Words, amount: int, over: int) -> int:
    """The same of fractions above another one."""
    return first_place(book, queue, amount, over, True)


def passes(words: Words, amount: int, over: int, is_above: bool) -> bool:
    """Whether a node's fraction is above another one, or at least as much."""
    return exceeds(words, amount, over) if is_above else reaches(words, amount, over)


def first_place(book: Words, queue: Words, amount: int, over: int, is_above: bool) -> int:
    """The first place whose fraction passes; NONE, and no node says otherwise, if there is none."""
    number = front_leaf(book, queue)
    while number > 1:
        if passes(node(book, queue, number), amount, over, is_above):
            if number >= queue[layout.LEAVES]:
                return number - queue[layout.LEAVES]
            number = 2 * number
        else:
            while number > 1 and number % 2 == 1:
                number = number // 2
                join(book, queue, number)
            number = number + 1 if number > 1 else number
    # Whoever goes by the root would ask again, for ever.
    assert not passes(largest(book, queue), amount, over, is_above)
    return NONE


def front_leaf(book: Words, queue: Words) -> int:
    """The node of the first leaf that has not been dropped; 1, where a search ends, if there is none.

    Nodes with nothing but dropped leaves below them have no fraction either.
    """
    front, leaves = queue[layout.FRONT], queue[layout.LEAVES]
    while front < leaves and node(book, queue, leaves + front)[OVER] == 0:
        number = leaves + front
        while number > 1 and number % 2 == 1:
            number = number // 2
            node(book, queue, number)[OVER] = 0
        front = front + 1
    queue[layout.FRONT] = front
    return leaves + front if front < leaves else 1
