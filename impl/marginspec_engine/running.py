"""Many events at once: rows of words in, the chain's hash and the lines of receipts out."""

from collections import Counter
from typing import BinaryIO

import numpy as np

from marginspec.events import Event
from marginspec_engine import layout
from marginspec_engine.engine import OptimizedEngine
from marginspec_engine.entry_points import RUN_ROWS, enter
from marginspec_engine.event_words import WRITERS, write_event
from marginspec_engine.plain_memory import Words64, words_of
from marginspec_engine.reasons import REASONS

__all__ = ["BatchRun"]
