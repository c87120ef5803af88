# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery re-embed`: what `rebuild` does, by the name of what it is for."""

from __future__ import annotations

from xsense_ros.commands.gallery.rebuild import command

__all__ = ['command']
