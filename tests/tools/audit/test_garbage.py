"""While a long audit runs, the garbage collector looks seldom; afterwards it is as it was."""

import gc

from marginspec_tools.audit.garbage import EVENTS, OBJECTS, looking_seldom, set_aside


def test_what_is_kept_is_set_aside_and_then_all_is_as_it_was() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with looking_seldom():
        assert gc.get_threshold() == (OBJECTS, *before[1:])
        set_aside(EVENTS + 1)
        assert gc.get_freeze_count() == frozen
        set_aside(2 * EVENTS)
        assert gc.get_freeze_count() > frozen
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
