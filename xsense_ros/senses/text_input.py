# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of words: text to token ids of a text tower, through the tokenizers library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from xsense_ros.errors import BundleError, InputError


class TextInput:
    """Tokenise a text to a fixed number of ids; longer texts are cut at the end.

    Args:
        tokenizer: file of the `tokenizers` library (tokenizer.json), relative to ``assets``.
        max_length: number L of ids; shorter texts are padded at the end with mask 0.
        lower: convert to lower case first, for a tokenizer whose file does not.
        assets: folder of the bundle.

    Truncation and padding of the file are replaced by these, so that the shape is the bundle's.

    Raises:
        InputError: a parameter out of range.
        BundleError: a tokenizer file that is missing or damaged.
    """

    name: ClassVar[str] = 'text'

    def __init__(
        self,
        tokenizer: str = 'tokenizer.json',
        max_length: int = 32,
        lower: bool = False,
        *,
        assets: Path,
    ) -> None:
        if not 1 <= max_length <= 4096:
            raise InputError('max_length', max_length, '1 to 4096', 'correct the parameter')
        self._parameters = {'tokenizer': tokenizer, 'max_length': max_length, 'lower': lower}
        self._lower = lower
        self._tokenizer, self._unknown_id = _load(assets / tokenizer)
        padding = self._tokenizer.padding or {}
        self._tokenizer.enable_truncation(max_length)
        self._tokenizer.enable_padding(
            direction='right',
            length=max_length,
            pad_id=padding.get('pad_id', 0),
            pad_token=padding.get('pad_token', '[PAD]'),
        )

    def parameters(self) -> dict[str, Any]:
        """All parameters but ``assets``, JSON-able."""
        return dict(self._parameters)

    def __call__(self, text: str) -> dict[str, NDArray[Any]]:
        """Preprocess one text.

        Args:
            text: a word or a sentence; runs of white space count as one space.

        Returns:
            {'ids': int64 (1, L), 'mask': float32 (1, L)}; the mask is 1 at tokens, 0 at padding.

        Raises:
            InputError: no text, or a text of which the tokenizer knows nothing.
        """
        if not isinstance(text, str):
            raise InputError('text', text, 'a str', 'decode the text as UTF-8 first')
        words = ' '.join(text.split())
        if not words:
            raise InputError('text', text, 'at least one word', 'write what is looked for')
        if self._lower:
            words = words.lower()
        try:
            encoding = self._tokenizer.encode(words)
        except Exception as error:  # the library raises bare Exception, TypeError, UnicodeError
            raise InputError(
                'text', text, 'text that the tokenizer can encode', 'use plain words'
            ) from error
        ids = np.asarray([encoding.ids], np.int64)
        mask = np.asarray([encoding.attention_mask], np.float32)
        of_text = (mask > 0) & (np.asarray([encoding.special_tokens_mask]) == 0)
        if self._unknown_id is not None:
            of_text &= ids != self._unknown_id
        if not of_text.any():
            raise InputError(
                'text',
                text,
                "at least one word of the model's vocabulary",
                'use other words, or the language that the bundle was trained in',
            )
        return {'ids': ids, 'mask': mask}


def _load(path: Path) -> tuple[Tokenizer, int | None]:
    """The tokenizer and the id of its unknown token, if it has one."""
    try:
        text = path.read_text(encoding='utf-8')
        tokenizer = Tokenizer.from_str(text)
        model = json.loads(text)['model']
    except Exception as error:  # the library raises bare Exception for every damage
        raise BundleError(
            'tokenizer',
            str(path),
            f'a file of the tokenizers library ({error})',
            'fetch or export the bundle again',
        ) from error
    unknown = model.get('unk_token')
    unknown_id = model.get('unk_id') if unknown is None else tokenizer.token_to_id(unknown)
    return tokenizer, unknown_id
