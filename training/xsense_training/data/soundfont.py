# SPDX-License-Identifier: Apache-2.0
"""Instruments played by a General MIDI soundfont: as many recordings of a class as one wants.

FluidSynth renders single notes, repeated notes, scales, arpeggios and chords in various keys and
velocities. So that a model cannot tell the classes by trivial cues, every clip starts at its onset
with the same short fade, has the same length and the same root-mean-square level.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track

from xsense_ros.errors import InputError
from xsense_training.data.classes import category_of, curated
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.data.names import normalise
from xsense_training.data.render import write_atomically
from xsense_training.data.root import cache_folder, require

SOUNDFONT = 'fluid-soundfont-gm/usr/share/sounds/sf2/FluidR3_GM.sf2'
RATE = 32000
SECONDS = 2.0
CLIPS = 12
LEVEL = 0.05
# Change with anything that changes the samples: it is part of the names in the cache.
_RECIPE = 2
_FADE_IN = 0.005
_FADE_OUT = 0.1
_PHRASES: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((0,),),
    ((0,), (0,), (0,)),
    ((0,), (2,), (4,), (5,), (7,)),
    ((0,), (4,), (7,), (12,)),
    ((0, 4, 7),),
    ((7,), (4,), (0,)),
)


# Range of the first key; phrases rise by up to an octave. Outside its range an instrument of this
# soundfont is silent or sounds like another one.
_KEYS = (45, 72)
_KEYS_OF = {
    9: (67, 84),
    10: (60, 84),
    43: (28, 43),
    47: (38, 48),
    58: (29, 46),
    67: (36, 56),
    70: (36, 58),
    72: (74, 88),
    **dict.fromkeys(range(32, 40), (28, 43)),
}
# Below this peak there is only the dither of the 16-bit output.
_SILENCE = 0.003


@dataclass(frozen=True)
class Note:
    """One MIDI note: key and velocity 0 to 127, start and length in seconds."""

    key: int
    velocity: int
    start: float
    length: float


def key_range(program: int) -> tuple[int, int]:
    """Lowest first key and the one after the highest of a program; phrases rise an octave."""
    return _KEYS_OF.get(program, _KEYS)


def phrase(program: int, clip: int, seed: int = 0) -> list[Note]:
    """What clip number `clip` of an instrument plays; the same for the same arguments.

    Args:
        program: General MIDI program 0 to 127.
        clip: number of the clip; it also chooses the kind of phrase in turn.
        seed: another one gives another set of recordings.
    """
    random = np.random.default_rng([seed, program, clip])
    key = int(random.integers(*key_range(program)))
    velocity = int(random.integers(60, 125))
    steps = _PHRASES[clip % len(_PHRASES)]
    length = SECONDS * 0.85 / len(steps)
    return [
        Note(key + interval, velocity, index * length, length * float(random.uniform(0.7, 1.0)))
        for index, chord in enumerate(steps)
        for interval in chord
    ]


class Synthesiser:
    """FluidSynth with reverberation and chorus off, as a context manager.

    Args:
        soundfont: .sf2 file.

    Raises:
        InputError: the FluidSynth library is not installed or cannot read the file.
    """

    def __init__(self, soundfont: Path) -> None:
        try:
            import fluidsynth
        except ImportError as error:
            raise InputError(
                'FluidSynth',
                str(error),
                'pyfluidsynth and the libfluidsynth library',
                'pip install pyfluidsynth; apt-get install libfluidsynth3 (macOS: brew install '
                'fluid-synth)',
            ) from error
        self._synth: Any = fluidsynth.Synth(
            gain=0.4,
            samplerate=float(RATE),
            **{'synth.reverb.active': 0, 'synth.chorus.active': 0},
        )
        self._font = self._synth.sfload(str(soundfont))
        if self._font < 0:
            self._synth.delete()
            raise InputError(
                'soundfont',
                str(soundfont),
                'a readable .sf2 file',
                'xsense-train data fetch soundfont',
            )

    def __enter__(self) -> Synthesiser:
        return self

    def __exit__(self, *_: object) -> None:
        self._synth.delete()

    def play(self, program: int, notes: Sequence[Note]) -> NDArray[np.float32]:
        """Mono samples (N,) in [-1, 1] at RATE, from silence; N covers SECONDS and a half."""
        self._synth.system_reset()
        self._synth.program_select(0, self._font, 0, program)
        events = sorted(
            [(note.start, 1, note) for note in notes]
            + [(note.start + note.length, 0, note) for note in notes],
            key=lambda event: event[:2],
        )
        pieces, now, end = [], 0, round((SECONDS + 0.5) * RATE)
        for seconds, is_start, note in events:
            then = min(round(seconds * RATE), end)
            pieces.append(self._samples(then - now))
            now = then
            if is_start:
                self._synth.noteon(0, note.key, note.velocity)
            else:
                self._synth.noteoff(0, note.key)
        pieces.append(self._samples(end - now))
        return np.concatenate(pieces)

    def _samples(self, count: int) -> NDArray[np.float32]:
        if count <= 0:
            return np.zeros(0, np.float32)
        stereo = np.asarray(self._synth.get_samples(count), dtype=np.float32).reshape(-1, 2)
        return np.asarray(stereo.mean(axis=1) / 32768.0, dtype=np.float32)


def equalise(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Same onset, length and level for every clip.

    Args:
        samples: float32 (N,) at RATE.

    Returns:
        float32 (SECONDS * RATE,): starts where the sound first reaches a hundredth of its peak,
        faded in over 5 ms and out over 100 ms, padded with silence, root-mean-square LEVEL
        unless the peak would pass full scale. Silence stays silence.
    """
    count = round(SECONDS * RATE)
    loudness = np.abs(samples)
    peak = float(loudness.max(initial=0.0))
    if peak < _SILENCE:
        return np.zeros(count, np.float32)
    onset = int(np.argmax(loudness >= 0.01 * peak))
    clip = np.zeros(count, np.float32)
    kept = samples[onset : onset + count]
    clip[: len(kept)] = kept
    rise, fall = round(_FADE_IN * RATE), round(_FADE_OUT * RATE)
    clip[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
    clip[-fall:] *= np.linspace(1.0, 0.0, fall, dtype=np.float32)
    level = float(np.sqrt(np.mean(np.square(clip))))
    gain = min(LEVEL / level, 0.99 / float(np.abs(clip).max())) if level > 0 else 0.0
    return np.asarray(clip * np.float32(gain), dtype=np.float32)


def load_soundfont(
    root: Path, others: Sequence[Concept] = (), clips: int = CLIPS, seed: int = 0
) -> list[Concept]:
    """The 128 instruments as concepts (fold not yet assigned), ordered by program.

    Args:
        root: data root; the clips are rendered into its cache as FLAC on the first call.
        others: concepts of other sources; an instrument takes the pictures of those that are named
            as it is.
        clips: recordings of each instrument.
        seed: another one gives other recordings.

    Raises:
        InputError: the soundfont has not been fetched, or FluidSynth is missing.
    """
    font = require(root, SOUNDFONT, 'soundfont')
    files = _render(root, font, clips, seed)
    pictures: dict[str, list[Concept]] = {}
    for concept in others:
        pictures.setdefault(normalise(concept.name), []).append(concept)
    concepts = []
    for entry in curated()['general_midi']:
        shown = pictures.get(normalise(entry['thing']), [])
        images = [
            (path, style)
            for concept in shown
            for path, style in zip(concept.images, concept.styles, strict=True)
        ]
        concepts.append(
            Concept(
                id=f'soundfont/{entry["program"]:03d}',
                source='soundfont',
                name=entry['thing'],
                texts=tuple(dict.fromkeys((entry['name'], entry['thing']))),
                images=tuple(path for path, _ in images),
                sounds=tuple(SoundClip(path) for path in files[entry['program']]),
                category=category_of(entry['thing'], entry['family']),
                styles=tuple(style for _, style in images),
                licences=(('*.flac', 'MIT (FluidR3 GM soundfont)'),),
            )
        )
    return concepts


def _render(root: Path, font: Path, clips: int, seed: int) -> dict[int, list[Path]]:
    recipe = hashlib.sha256(
        f'{_RECIPE} {font.stat().st_size} {RATE} {SECONDS} {seed}'.encode()
    ).hexdigest()[:12]
    folder = cache_folder(root, 'soundfont') / recipe
    programs = [entry['program'] for entry in curated()['general_midi']]
    files = {
        program: [folder / f'{program:03d}-{clip:03d}.flac' for clip in range(clips)]
        for program in programs
    }
    missing = [program for program in programs if not all(f.exists() for f in files[program])]
    if missing:
        with Synthesiser(font) as synthesiser:
            for program in track(missing, 'Playing instruments', transient=True):
                for clip, file in enumerate(files[program]):
                    samples = equalise(synthesiser.play(program, phrase(program, clip, seed)))
                    write_atomically(file, _flac(samples))
    return files


def _flac(samples: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format='FLAC', subtype='PCM_16')
    return buffer.getvalue()
