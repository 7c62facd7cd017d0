# SPDX-License-Identifier: MIT
"""What the posted programs share: the one import that changes, and a print() whose lines stay whole among threads."""
import importlib
import os

_module = importlib.import_module(os.environ.get("MODULE", "concurrent.futures"))


def __getattr__(name):
    """`from told import ThreadPoolExecutor` is `from concurrent.futures import ThreadPoolExecutor`, or quiesce's."""
    return getattr(_module, name)


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())
