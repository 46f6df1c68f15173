"""Starts a command and says what it took: `python launcher.py COMMAND...` prints seconds and peak memory as JSON.

A process of its own, because the system lets a child's peak begin with that of the process that it was forked from,
which for the bench is more than for what it measures. So this imports little.
"""

import json
import resource
import subprocess
import sys
import time

started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
# Linux counts in units of 1024 bytes, macOS in bytes.
print(json.dumps({"seconds": seconds, "peak_bytes": peak if sys.platform == "darwin" else 1024 * peak}))
