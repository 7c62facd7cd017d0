# SPDX-License-Identifier: MIT
"""What a type checker must not take: each line that says so, and no other.  Nobody runs this."""
from quiesce import Stop, ThreadPoolExecutor, as_completed, current_stop, wait


def double(number: int, *, by: int = 2) -> int:
    return number * by


executor = ThreadPoolExecutor()
executor.submit(double, "3")                            # wrong
executor.submit(double, 3, to=1)                        # wrong
text: str = executor.submit(double, 3).result()         # wrong
executor.submit(double, 1).stop(3)                      # wrong
executor.shutdown(True, True)                           # wrong
executor.shutdown(timeout=1).complete                   # wrong
executor.report = None                                  # wrong
ThreadPoolExecutor(4, on_error="stop")                  # wrong
ThreadPoolExecutor(4, "x", None, (), 3)                 # wrong
wait([1])                                               # wrong
for future in as_completed([executor.submit(double, 1)]):
    text = future.result()                              # wrong
current_stop().requested = True                         # wrong
current_stop().add_callback(lambda number: None)        # wrong


class Ours(Stop):                                       # wrong
    pass
