"""Starts a command and says what it took: `python launcher.py COMMAND...` prints JSON.

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
used = resource.getrusage(resource.RUSAGE_CHILDREN)
# Linux counts in units of 1024 bytes, macOS in bytes.
peak_bytes = used.ru_maxrss if sys.platform == "darwin" else 1024 * used.ru_maxrss
processor_s = used.ru_utime + used.ru_stime
print(json.dumps({"seconds": seconds, "processor_s": processor_s, "peak_bytes": peak_bytes}))
