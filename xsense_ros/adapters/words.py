# SPDX-License-Identifier: Apache-2.0
"""Texts out of our TextStamped and of std_msgs/String."""

from __future__ import annotations

from typing import Any

from xsense_ros.errors import InputError


def text_stamped_to_text(message: Any) -> str:
    """The text that was given; InputError where it is blank."""
    return _checked(message.text)


def string_to_text(message: Any) -> str:
    """The text of a std_msgs/String; InputError where it is blank."""
    return _checked(message.data)


def _checked(text: str) -> str:
    if not text.strip():
        cure = 'send a word or a sentence'
        raise InputError('text', text, 'at least one printing character', cure)
    return text
