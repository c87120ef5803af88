# SPDX-License-Identifier: Apache-2.0
"""What went wrong, as the page is told: what, value, expected, cure, and an HTTP status."""

from __future__ import annotations

import re

from starlette.responses import JSONResponse

from xsense_ros.errors import InputError, XsenseError

# As XsenseError words itself; a node's services answer with such a sentence.
_SENTENCE = re.compile(
    r'(?P<what>.*?): got (?P<value>.*), expected (?P<expected>.*?)\. Cure: (?P<cure>.*)', re.DOTALL
)
_LONGEST = 2000


class Refused(InputError):  # noqa: N818 - told to a browser, not a fault of the program
    """A request that is not fulfilled, with the HTTP status that says why."""

    def __init__(self, status: int, what: str, value: object, expected: str, cure: str) -> None:
        super().__init__(what, value, expected, cure)
        self.status = status


class Answered(Refused):
    """What a node has answered instead of doing as it was asked; its words are the message.

    Args:
        sentence: as the node's service put it.
        status: where the sentence does not tell a better one.
    """

    def __init__(self, sentence: str, status: int = 400) -> None:
        found = _SENTENCE.fullmatch(sentence)
        parts = found.groupdict() if found else {}
        what = parts.get('what', 'request')
        if what == 'lifecycle state':
            status = 503
        elif what == 'item_id':
            status = 404
        expected = parts.get('expected', 'one that the node can fulfil')
        super().__init__(status, what, None, expected, parts.get('cure', 'see the message'))
        self.value = parts.get('value', '')
        self.sentence = sentence

    def __str__(self) -> str:
        """The node's own words."""
        return self.sentence


def problem_response(error: XsenseError, status: int = 400) -> JSONResponse:
    """An error as JSON {what, value, expected, cure, message}."""
    value = error.value if isinstance(error.value, str) else repr(error.value)
    body = {
        'what': error.what,
        'value': value[:_LONGEST],
        'expected': error.expected,
        'cure': error.cure,
        'message': str(error)[:_LONGEST],
    }
    return JSONResponse(body, getattr(error, 'status', status))
