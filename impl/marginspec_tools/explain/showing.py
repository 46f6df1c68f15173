"""An explanation as a tree for people."""

from rich.text import Text
from rich.tree import Tree

from marginspec_tools.explain.explanation import Explanation


def label(explanation: Explanation, told: set[str]) -> Text:
    """One node: title, value, reckoning, clause; the clause's sentence where it was not told before."""
    text = Text(explanation.title)
    if explanation.figure:
        text.append(": ").append(explanation.figure, style="bold")
    if explanation.reckoning:
        text.append(f" ({explanation.reckoning})", style="dim")
    clause = explanation.clause
    if clause is not None:
        text.append(f" [{clause.id}]", style="cyan")
        if clause.sentence not in told:
            told.add(clause.sentence)
            text.append(f"\n{clause.sentence}", style="dim italic")
    return text


def tree_of(explanation: Explanation, depth: int | None = None) -> Tree:
    """The whole explanation, or so many levels of it; each clause's sentence stands where it is first applied."""
    told: set[str] = set()
    tree = Tree(label(explanation, told))
    add_inputs(tree, explanation, told, depth)
    return tree


def add_inputs(branch: Tree, explanation: Explanation, told: set[str], depth: int | None) -> None:
    """Hang a node's inputs under its branch, so many levels of them."""
    if depth == 0 and explanation.inputs:
        branch.add(Text("…", style="dim"))
        return
    for part in explanation.inputs:
        add_inputs(branch.add(label(part, told)), part, told, None if depth is None else depth - 1)


def outline(explanation: Explanation, depth: int = 0) -> list[str]:
    """The whole explanation in plain lines, indented by depth, without sentences."""
    line = "  " * depth + explanation.title
    if explanation.figure:
        line = f"{line}: {explanation.figure}"
    if explanation.reckoning:
        line = f"{line} ({explanation.reckoning})"
    if explanation.clause is not None:
        line = f"{line} [{explanation.clause.id}]"
    below = [text for part in explanation.inputs for text in outline(part, depth + 1)]
    return [line, *below]
