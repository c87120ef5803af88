# SPDX-License-Identifier: Apache-2.0
"""Messages of a bag as objects with the fields of their types, without ROS."""

from __future__ import annotations

from typing import Any

from xsense_ros.errors import InputError
from xsense_ros.recording import Recorded, Recording
from xsense_ros.resources import find_resource

_OWN = 'xsense_ros/msg/'


class Decoder:
    """Deserialises the messages of a recording.

    A type is taken as the bag describes it; where the bag does not (older SQLite ones), as ROS 2
    Jazzy or our own msg files do.

    Args:
        recording: whose messages will be read.
    """

    def __init__(self, recording: Recording) -> None:
        from rosbags.typesys import Stores, get_typestore

        self._store = get_typestore(Stores.ROS2_JAZZY)
        standard = set(self._store.types)
        for kind in dict.fromkeys(recording.kinds.values()):
            if kind not in standard:
                self._learn(kind, recording)

    def __call__(self, message: Recorded) -> Any:
        """The message; arrays of numbers are numpy arrays.

        Raises:
            InputError: a type that nobody describes, or bytes that are none of that type.
        """
        try:
            return self._store.deserialize_cdr(message.data, message.kind)
        except Exception as error:  # whatever it says of damaged bytes or of an unknown type
            raise InputError(
                f'message on {message.topic}',
                message.kind,
                f'one that can be read ({error!r})',
                'record it again with a version of ROS 2 whose bags describe their messages '
                '(Iron or later), or leave the topic out',
            ) from error

    def _learn(self, kind: str, recording: Recording) -> None:
        from rosbags.typesys import get_types_from_idl, get_types_from_msg

        written, text = recording.definitions.get(kind, ('', ''))
        if not text and kind.startswith(_OWN):
            written = 'msg'
            text = find_resource(f'msg/{kind.removeprefix(_OWN)}.msg').read_text('utf-8')
        if not text:
            return  # told when such a message is to be read
        known = self._store.types
        try:
            idl = written == 'idl'
            found = get_types_from_idl(text) if idl else get_types_from_msg(text, kind)
            self._store.register({name: what for name, what in found.items() if name not in known})
        except Exception as error:  # whatever the parser says of damaged definitions
            expected = f'a definition that can be read ({type(error).__name__})'
            raise InputError(
                f'definition of {kind}', text, expected, 'fetch the bag again'
            ) from error
