# SPDX-License-Identifier: Apache-2.0
"""Draws what `make demo` asked and was answered: queries beside their first three pictures."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import soundfile
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from xsense_ros.names import MODALITIES
from xsense_ros.resources import find_resource
from xsense_ros.senses.camera import decode_compressed, decode_image
from xsense_ros.senses.log_mel import LogMel

# Modality of the question and of the answer -> how many are shown.
_SHOWN = {
    ('sketch', 'image'): 6,
    ('image', 'image'): 4,
    ('text', 'image'): 4,
    ('sound', 'sound'): 2,
    ('sound', 'image'): 4,
    ('image', 'sound'): 4,
    ('touch', 'image'): 6,
    ('impact', 'image'): 4,
}
_MODALITIES = {name: name for name in MODALITIES} | {'picture': 'image', 'knock': 'impact'}
_VERBS = {
    'image': 'sees',
    'sketch': 'is drawn',
    'sound': 'hears',
    'text': 'reads',
    'touch': 'touches',
    'impact': 'knocks',
}
# What is shown of a sense: pictures or sound, by the first part of its topics.
_SEEN = {'camera': 'image', 'sketch': 'sketch', 'touch': 'touch'}
_HEARD = {'microphone': 'sound', 'impact': 'impact'}
_OF_TEMPLATES = ('/truth/template', '/truth/match')  # the demo draws those itself
_MATCHES = 3
_ABREAST = 2  # queries beside each other
_WINDOW_SECONDS = {'sound': 2.0, 'impact': 1.0}
_MESSAGES = ('AudioChunk', 'TextStamped')


def draw(matches: Path, sample: Path, picture: Path) -> None:
    """Draw a few queries of each kind, evenly spaced over the run and not chosen.

    Args:
        matches: matches.jsonl of a demo run.
        sample: the folder that was replayed.
        picture: the file to write, .png or .jpg.
    """
    matplotlib.use('Agg')
    answers = [json.loads(line) for line in matches.read_text().splitlines()]
    shown = [row for kind, count in _SHOWN.items() for row in _spaced(answers, kind, count)]
    columns = 1 + _MATCHES
    figure, grid = pyplot.subplots(
        -(-len(shown) // _ABREAST), columns * _ABREAST, figsize=(13, 0.9 * len(shown))
    )
    recorded = _Recorded(sample / 'bag')
    items = json.loads((sample / 'gallery' / 'items.json').read_text())
    views = {
        item['item_id']: sample / 'gallery' / (item.get('picture') or item['sound'])
        for item in items
    }
    for axes, answer in zip(grid.reshape(-1, columns), shown, strict=False):
        truth = recorded.truth(answer)
        _query(axes[0], answer, recorded)
        for place, match in zip(axes[1:], answer['matches'], strict=False):
            _match(place, match, views[match['item_id']], match['item_id'] == truth)
    for place in grid.flat:
        place.set_xticks([])
        place.set_yticks([])
    figure.suptitle(
        'Queries evenly spaced over a run of the demo, and their first three answers; '
        'green: the truth', fontsize=10
    )  # fmt: skip
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.94, wspace=0.06, hspace=0.28)
    figure.savefig(picture, dpi=80)
    pyplot.close(figure)


def _kind(answer: dict[str, Any]) -> tuple[str, str]:
    return answer['query_modality'], answer['target_modalities'][0]


def _spaced(
    answers: list[dict[str, Any]], kind: tuple[str, str], count: int
) -> list[dict[str, Any]]:
    of_kind = [answer for answer in answers if _kind(answer) == kind]
    if len(of_kind) <= count:
        return of_kind
    places = ((np.arange(count) + 0.5) * len(of_kind) / count).astype(int)
    return [of_kind[place] for place in places]


def _time_ns(answer: dict[str, Any]) -> int:
    stamp = answer['header']['stamp']
    return int(stamp['sec'] * 1_000_000_000 + stamp['nanosec'])


def _query(axes: Axes, answer: dict[str, Any], recorded: _Recorded) -> None:
    time_ns = _time_ns(answer)
    sense = answer['query_modality']
    if sense in _SEEN.values():
        axes.imshow(recorded.frame(sense, time_ns))
    elif sense in _HEARD.values():
        _spectrogram(axes, *recorded.sound(sense, time_ns))
    else:
        words = textwrap.fill(answer['query_text'], 16)
        axes.text(0.5, 0.5, words, ha='center', va='center', fontsize=11)
    verdict = 'accepted' if answer['accepted'] else 'unknown'
    axes.set_title(f'{_VERBS[sense]} -> {verdict}', fontsize=9)


def _spectrogram(axes: Axes, samples: NDArray[np.float32], rate: int) -> None:
    axes.imshow(LogMel(rate)(samples).T, origin='lower', aspect='auto', cmap='magma')


def _match(axes: Axes, match: dict[str, Any], file: Path, right: bool) -> None:
    if file.suffix == '.jpg':
        axes.imshow(decode_compressed(file.read_bytes(), 'jpeg'))
    else:
        _spectrogram(axes, *soundfile.read(file, dtype='float32'))
    axes.set_title(f'{match["label"][:15]}  {match["probability"]:.2f}', fontsize=8)
    for spine in axes.spines.values():
        spine.set(color='tab:green' if right else '0.8', linewidth=4 if right else 1)


class _Recorded:
    """The samples of a recording by their stamps, and what is true of them."""

    def __init__(self, bag: Path) -> None:
        store = get_typestore(Stores.ROS2_JAZZY)
        for name in _MESSAGES:
            text = find_resource(f'msg/{name}.msg').read_text()
            store.register(get_types_from_msg(text, f'xsense_ros/msg/{name}'))
        self._pictures: dict[str, dict[int, Any]] = {sense: {} for sense in _SEEN.values()}
        self._truths: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._start_ns: dict[str, int] = {}
        self._rate: dict[str, int] = {}
        chunks: dict[str, list[NDArray[np.int16]]] = {sense: [] for sense in _HEARD.values()}
        with AnyReader([bag], default_typestore=store) as reader:
            for connection, time_ns, data in reader.messages():
                message: Any = reader.deserialize(data, connection.msgtype)
                root = connection.topic.split('/')[1]
                if connection.topic in _OF_TEMPLATES:
                    continue
                if root == 'truth':
                    query, _, answer = message.header.frame_id.partition(' -> ')
                    kind = _MODALITIES[query], _MODALITIES[answer.partition(',')[0]]
                    self._truths.setdefault(kind, []).append((time_ns, message.text))
                elif root in _HEARD:
                    sense = _HEARD[root]
                    stamp = message.header.stamp
                    self._start_ns.setdefault(sense, stamp.sec * 1_000_000_000 + stamp.nanosec)
                    self._rate[sense] = message.sample_rate
                    chunks[sense].append(np.frombuffer(bytes(message.data), '<i2'))
                elif root in _SEEN:
                    self._pictures[_SEEN[root]][time_ns] = message
        self._sounds = {
            sense: np.concatenate(found).astype(np.float32) / np.float32(2**15)
            for sense, found in chunks.items()
            if found
        }

    def truth(self, answer: dict[str, Any]) -> str:
        """Id of the item that a query was about; that of the middle of a window of sound."""
        kind, time_ns = _kind(answer), _time_ns(answer)
        time_ns += round(_WINDOW_SECONDS.get(kind[0], 0.0) / 2 * 1e9)
        return [text for since, text in self._truths[kind] if since <= time_ns][-1]

    def frame(self, sense: str, time_ns: int) -> NDArray[np.uint8]:
        """The picture, sketch or gel nearest to a time, RGB uint8 (H, W, 3)."""
        known = self._pictures[sense]
        message = known[min(known, key=lambda stamp: abs(stamp - time_ns))]
        if hasattr(message, 'format'):
            return decode_compressed(message.data, message.format)
        return decode_image(
            message.data,
            height=message.height,
            width=message.width,
            encoding=message.encoding,
            step=message.step,
        )

    def sound(self, sense: str, time_ns: int) -> tuple[NDArray[np.float32], int]:
        """The window of sound that begins at a time, (N,), and its rate."""
        rate = self._rate[sense]
        begin = round((time_ns - self._start_ns[sense]) * 1e-9 * rate)
        return self._sounds[sense][begin : begin + round(_WINDOW_SECONDS[sense] * rate)], rate
