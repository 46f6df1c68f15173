"""Trees over queues: the first place of a queue whose fraction is at least another one.

A leaf holds a fraction, of an amount over a number of lots, and a node the largest fraction below it, or more than
that: it is raised as soon as a leaf is, and lowered when a search has looked below it in vain. So a search looks at
some nodes for each level of the tree, and besides only at what it lowers, once for each change that left it too high.
"""

from marginspec_engine.compiled.memory import Words, at, items, reserve
from marginspec_engine.kernels.deleveraging import is_no_less
from marginspec_engine.layout import FRONT, LEAVES, NODES, NONE, USED

NODE = 2
AMOUNT, OVER = range(NODE)
"""Of a node: a fraction's amount and the lots (> 0) that it is over; over 0 lots there is none."""


def plant(book: Words, queue: Words, count: int) -> None:
    """Make a tree without fractions: node 1 is its root, 2n and 2n + 1 stand below node n, leaves last.

    It has at least two leaves, so that node 1 is none.
    """
    nodes, leaves = at(queue, NODES), 2
    while leaves < count:
        leaves = 2 * leaves
    queue[LEAVES] = leaves
    queue[FRONT] = 0
    nodes[USED] = 0
    reserve(book, nodes, 2 * leaves * NODE)
    for place in range(count, leaves):
        node(book, queue, leaves + place)[OVER] = 0


def plant_leaf(book: Words, queue: Words, place: int, amount: int, over: int) -> None:
    """Write a leaf of a tree that has not grown."""
    leaf = node(book, queue, queue[LEAVES] + place)
    leaf[AMOUNT] = amount
    leaf[OVER] = over


def grow(book: Words, queue: Words) -> None:
    """Write all nodes above the leaves."""
    for place in range(queue[LEAVES] - 1, 0, -1):
        join(book, queue, place)


def node(book: Words, queue: Words, place: int) -> Words:
    """A node of a queue's tree."""
    return at(items(book, at(queue, NODES)), NODE * place)


def largest(book: Words, queue: Words) -> Words:
    """A fraction that none in the tree is above; over 0 lots if there is none."""
    return node(book, queue, 1)


def join(book: Words, queue: Words, place: int) -> None:
    """Write a node from the two below it."""
    joined, left, right = node(book, queue, place), node(book, queue, 2 * place), node(book, queue, 2 * place + 1)
    chosen = left if right[OVER] == 0 or reaches(left, right[AMOUNT], right[OVER]) else right
    joined[AMOUNT] = chosen[AMOUNT]
    joined[OVER] = chosen[OVER]


def reaches(words: Words, amount: int, over: int) -> bool:
    """Whether a node's fraction is at least another one."""
    return words[OVER] != 0 and is_no_less(words[AMOUNT], words[OVER], amount, over)


def change_leaf(book: Words, queue: Words, place: int, amount: int, over: int) -> None:
    """Write a leaf anew; nodes above it with less are raised."""
    above = queue[LEAVES] + place
    plant_leaf(book, queue, place, amount, over)
    while above > 1 and not reaches(node(book, queue, above // 2), amount, over):
        above = above // 2
        raised = node(book, queue, above)
        raised[AMOUNT] = amount
        raised[OVER] = over


def drop_leaf(book: Words, queue: Words, place: int) -> None:
    """Take a leaf's fraction away, for as long as the tree stands."""
    node(book, queue, queue[LEAVES] + place)[OVER] = 0


def first_reaching(book: Words, queue: Words, amount: int, over: int) -> int:
    """The first place whose fraction is at least another one; NONE, and no node says otherwise, if there is none."""
    place = front_leaf(book, queue)
    while place > 1:
        if reaches(node(book, queue, place), amount, over):
            if place >= queue[LEAVES]:
                return place - queue[LEAVES]
            place = 2 * place
        else:
            while place > 1 and place % 2 == 1:
                place = place // 2
                join(book, queue, place)
            place = place + 1 if place > 1 else place
    return NONE


def front_leaf(book: Words, queue: Words) -> int:
    """The first leaf that has not been dropped; 1, where a search ends, if there is none.

    Nodes with nothing but dropped leaves below them have no fraction either.
    """
    front, leaves = queue[FRONT], queue[LEAVES]
    while front < leaves and node(book, queue, leaves + front)[OVER] == 0:
        place = leaves + front
        while place > 1 and place % 2 == 1:
            place = place // 2
            node(book, queue, place)[OVER] = 0
        front = front + 1
    queue[FRONT] = front
    return leaves + front if front < leaves else 1
