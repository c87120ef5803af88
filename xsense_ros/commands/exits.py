# SPDX-License-Identifier: Apache-2.0
"""Exit statuses of commands that scripts ask something: 0 good, 1 found bad, 2 bad input."""

from __future__ import annotations

import click


class BadInput(click.ClickException):
    """One clear line, and a status that says something else than 'found bad'."""

    exit_code = 2
