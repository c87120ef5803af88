# SPDX-License-Identifier: Apache-2.0
"""Draws what `make demo` asked and was answered: queries beside their first three pictures."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from xsense_ros.resources import find_resource
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.senses.log_mel import LogMel

_SHOWN = {'image': 6, 'sound': 4, 'text': 6}
_MATCHES = 3
_ABREAST = 2  # queries beside each other
_WINDOW_SECONDS = 2.0
_MESSAGES = ('AudioChunk', 'TextStamped')


def draw(matches: Path, sample: Path, picture: Path) -> None:
    """Draw a few queries of each sense, evenly spaced over the run and not chosen.

    Args:
        matches: matches.jsonl of a demo run.
        sample: the folder that was replayed.
        picture: the file to write, .png or .jpg.
    """
    matplotlib.use('Agg')
    answers = [json.loads(line) for line in matches.read_text().splitlines()]
    shown = [row for sense, count in _SHOWN.items() for row in _spaced(answers, sense, count)]
    columns = 1 + _MATCHES
    figure, grid = pyplot.subplots(
        len(shown) // _ABREAST, columns * _ABREAST, figsize=(13, 0.9 * len(shown))
    )
    recorded = _Recorded(sample / 'bag')
    items = json.loads((sample / 'gallery' / 'items.json').read_text())
    pictures = {item['item_id']: sample / 'gallery' / item['picture'] for item in items}
    for axes, answer in zip(grid.reshape(-1, columns), shown, strict=True):
        truth = recorded.truth(answer)
        _query(axes[0], answer, recorded)
        for place, match in zip(axes[1:], answer['matches'], strict=False):
            _match(place, match, pictures[match['item_id']], match['item_id'] == truth)
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


def _spaced(answers: list[dict[str, Any]], sense: str, count: int) -> list[dict[str, Any]]:
    of_sense = [answer for answer in answers if answer['query_modality'] == sense]
    places = np.linspace(0, len(of_sense) - 1, count + 2)[1:-1].round().astype(int)
    return [of_sense[place] for place in places]


def _time_ns(answer: dict[str, Any]) -> int:
    stamp = answer['header']['stamp']
    return int(stamp['sec'] * 1_000_000_000 + stamp['nanosec'])


def _query(axes: Axes, answer: dict[str, Any], recorded: _Recorded) -> None:
    time_ns = _time_ns(answer)
    sense = answer['query_modality']
    if sense == 'image':
        axes.imshow(recorded.frame(time_ns))
    elif sense == 'sound':
        axes.imshow(recorded.spectrogram(time_ns).T, origin='lower', aspect='auto', cmap='magma')
    else:
        words = textwrap.fill(answer['query_text'], 16)
        axes.text(0.5, 0.5, words, ha='center', va='center', fontsize=11)
    verbs = {'image': 'sees', 'sound': 'hears', 'text': 'reads'}
    verdict = 'accepted' if answer['accepted'] else 'unknown'
    axes.set_title(f'{verbs[sense]} -> {verdict}', fontsize=9)


def _match(axes: Axes, match: dict[str, Any], file: Path, right: bool) -> None:
    axes.imshow(decode_compressed(file.read_bytes(), 'jpeg'))
    axes.set_title(f'{match["label"][:15]}  {match["probability"]:.2f}', fontsize=8)
    for spine in axes.spines.values():
        spine.set(color='tab:green' if right else '0.8', linewidth=4 if right else 1)


class _Recorded:
    """The samples of a recording by their stamps."""

    def __init__(self, bag: Path) -> None:
        store = get_typestore(Stores.ROS2_JAZZY)
        for name in _MESSAGES:
            text = find_resource(f'msg/{name}.msg').read_text()
            store.register(get_types_from_msg(text, f'xsense_ros/msg/{name}'))
        self._frames: dict[int, bytes] = {}
        self._truths: dict[str, list[tuple[int, str]]] = {}
        chunks: list[NDArray[np.int16]] = []
        self._start_ns = self._rate = 0
        with AnyReader([bag], default_typestore=store) as reader:
            for connection, time_ns, data in reader.messages():
                if connection.topic == '/camera/image/compressed':
                    message: Any = reader.deserialize(data, connection.msgtype)
                    self._frames[time_ns] = bytes(message.data)
                elif connection.topic == '/microphone/audio':
                    message = reader.deserialize(data, connection.msgtype)
                    self._start_ns = self._start_ns or time_ns
                    self._rate = message.sample_rate
                    chunks.append(np.frombuffer(bytes(message.data), '<i2'))
                elif connection.topic.startswith('/truth/'):
                    message = reader.deserialize(data, connection.msgtype)
                    sense = connection.topic.rpartition('/')[2]
                    self._truths.setdefault(sense, []).append((time_ns, message.text))
        self._sound = np.concatenate(chunks).astype(np.float32) / np.float32(2**15)

    def truth(self, answer: dict[str, Any]) -> str:
        """Id of the item that a query was about; that of the middle of a window of sound."""
        sense, time_ns = answer['query_modality'], _time_ns(answer)
        time_ns += round(_WINDOW_SECONDS / 2 * 1e9) if sense == 'sound' else 0
        return [text for since, text in self._truths[sense] if since <= time_ns][-1]

    def frame(self, time_ns: int) -> NDArray[np.uint8]:
        """The picture nearest to a time, RGB uint8 (H, W, 3)."""
        nearest = min(self._frames, key=lambda known: abs(known - time_ns))
        return decode_compressed(self._frames[nearest], 'jpeg')

    def spectrogram(self, time_ns: int) -> NDArray[np.float32]:
        """Log-mel of the window that begins at a time, (frames, mels)."""
        begin = round((time_ns - self._start_ns) * 1e-9 * self._rate)
        window = self._sound[begin : begin + round(_WINDOW_SECONDS * self._rate)]
        return LogMel(self._rate)(np.asarray(window, np.float32))
