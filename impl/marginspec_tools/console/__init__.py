"""The terminal: tables, lines of JSON, files that appear whole, progress, and how commands end."""

from marginspec_tools.console.commands import LazyCommands, Listed
from marginspec_tools.console.extras import SERVE, install_line, missing_packages
from marginspec_tools.console.options import json_option, refuse_parameters
from marginspec_tools.console.outcomes import (
    CRASHED,
    DIVERGED,
    INCONCLUSIVE,
    INTERRUPTED,
    READER_GONE,
    TERMINATED,
    WRONG_INPUT,
    BrokenInvariant,
    Divergence,
    EngineCrash,
    WrongAnswer,
)
from marginspec_tools.console.outputs import (
    Spool,
    check_target,
    line_writer,
    markdown_line,
    one_line,
    page_width,
    people_console,
    print_error,
    print_fields,
    print_json_line,
    printable_path,
    refusing_os_errors,
    unwritable,
    whole_folder,
)
from marginspec_tools.console.processes import QuietPool
from marginspec_tools.console.progress import with_progress
