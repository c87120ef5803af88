# SPDX-License-Identifier: Apache-2.0
"""Python's garbage collector in a process of nodes: it leaves alone what lives with the models.

Now and then it looks at every object of a process, of which a node has some hundred thousand. All
threads wait meanwhile, 20 ms and more: longer than a frame takes. What is there once a node is
active stays until it is deactivated, so nothing is lost by not looking at it again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_owned = False


@contextmanager
def owned() -> Iterator[None]:
    """Within it ``settle`` decides for the whole process; without it does nothing."""
    global _owned
    _owned = True
    try:
        yield
    finally:
        _owned = False
        gc.unfreeze()


def settle() -> None:
    """Free what is garbage now, and do not look again at what is left until the next call.

    To be called when models were loaded, and when they were let go.
    """
    if not _owned:
        return
    gc.unfreeze()
    gc.collect()
    gc.freeze()
