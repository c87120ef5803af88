# SPDX-License-Identifier: Apache-2.0
"""The option by which commands that talk to a running node name it."""

from __future__ import annotations

import click

node_option = click.option(
    '--node', default='/retrieval', show_default=True, help='Name of the retrieval node.'
)
