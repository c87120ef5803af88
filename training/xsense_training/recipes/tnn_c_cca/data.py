# SPDX-License-Identifier: Apache-2.0
"""What TNN-C-CCA is fitted and judged on: labelled features of sounds and pictures, in folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import nn

from xsense_ros.errors import InputError
from xsense_ros.senses.sound_input import SoundInput
from xsense_training.baselines.controls import mean_colours, sound_controls
from xsense_training.data.audio_visual import GROUPS, load_audio_visual
from xsense_training.data.ave import load_ave
from xsense_training.data.clip_features import ClipSet
from xsense_training.data.concept import SoundClip
from xsense_training.data.folder_pairs import load_folder_pairs
from xsense_training.data.image import load_rgba
from xsense_training.data.mv10k import load_mv10k
from xsense_training.data.recordings import is_silent
from xsense_training.data.root import cache_folder, data_root
from xsense_training.data.samples import Samples
from xsense_training.data.sound import load_sound
from xsense_training.data.vegas import load_vegas
from xsense_training.features.frozen_trunk import FrozenTrunk
from xsense_training.features.sound_features import SoundWindowCache
from xsense_training.features.views import plain_view
from xsense_training.models.sound_timbre import TimbreStatistics
from xsense_training.recipes.tnn_c_cca.strangers import TAKES as STRANGE_TAKES
from xsense_training.recipes.tnn_c_cca.strangers import (
    Strangers,
    choose_pictures,
    empty_scenes,
    strange_concepts,
)

SCENES = 4
VARIANTS = 6
FOLDS = 5
MODALITIES = ('sound', 'image')
CLIP_SETS: Mapping[str, Callable[[Path], ClipSet]] = {
    'vegas': load_vegas,
    'ave': load_ave,
    'mv10k': load_mv10k,
}

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Bank:
    """Samples of one modality.

    features (N, V, F): view 0 is the sample as it is; label, fold, concept (N,); cues (N, C): a
    few plain numbers that a shortcut would use, as a control; paths (N,): the files, if any.
    """

    modality: str
    features: Floats
    label: Ints
    fold: Ints
    concept: Ints
    cues: Floats | None = None
    paths: tuple[Path, ...] = ()

    def samples(self, rows: Ints, view: int = 0) -> Samples:
        """Rows of one view."""
        return Samples(
            self.modality, self.features[rows, view], self.label[rows], self.concept[rows]
        )


@dataclass(frozen=True)
class AudioVisualData:
    """Both modalities of a data set.

    classes: names by label; groups: name -> labels of what is judged apart; paired: equal concepts
    are true pairs (frames and sound of one clip), otherwise only the class is shared; strangers:
    by modality what is of no class, if there is any.
    """

    name: str
    classes: tuple[str, ...]
    groups: Mapping[str, Ints]
    sound: Bank
    image: Bank
    paired: bool
    strangers: Mapping[str, Strangers] = field(default_factory=dict)

    def of(self, modality: str) -> Bank:
        """The samples of one modality."""
        return {'sound': self.sound, 'image': self.image}[modality]


def query_view_numbers(bank: Bank) -> list[int]:
    """Views that a query is taken from: camera scenes of pictures, sounds as recorded."""
    scenes = bank.features.shape[1] - 1
    return list(range(1, 1 + scenes)) if bank.modality == 'image' and scenes else [0]


def load_data(dataset: str, root: Path | None) -> AudioVisualData:
    """'embedded', or 'vegas:/path', 'ave:/path', 'mv10k:/path', 'folders:/path'.

    Raises:
        InputError: no such data set, or something of it is missing.
    """
    name, _, place = dataset.partition(':')
    if name == 'embedded':
        return load_embedded(data_root(root))
    if name in CLIP_SETS and place:
        return from_clips(CLIP_SETS[name](Path(place)))
    if name == 'folders' and place:
        return load_folders(Path(place), data_root(root))
    raise InputError(
        'data set of tnn-c-cca', dataset,
        'embedded, vegas:/path, ave:/path, mv10k:/path or folders:/path', 'correct the name',
    )  # fmt: skip


def from_clips(clips: ClipSet) -> AudioVisualData:
    """A set of video clips whose features somebody else computed; every clip is a true pair."""

    def bank(samples: Samples) -> Bank:
        return Bank(
            samples.modality, samples.features[:, None], samples.label, clips.fold, samples.concept
        )

    everything = {clips.dataset: np.arange(len(clips.classes))}
    return AudioVisualData(
        clips.dataset, clips.classes, everything, bank(clips.sound), bank(clips.image), True
    )


def load_embedded(root: Path) -> AudioVisualData:
    """Instruments and animals; the first call renders and computes for some minutes."""
    found = load_audio_visual(root)
    things = {name: i for i, name in enumerate(sorted({p.concept for p in found.pictures}))}
    units = {name: i for i, name in enumerate(sorted({t.unit for t in found.takes}))}
    paths = tuple(p.path for p in found.pictures)
    group = np.array(found.group)
    return AudioVisualData(
        'embedded',
        found.classes,
        {name: np.flatnonzero(group == name) for name in GROUPS},
        Bank(
            'sound',
            sound_features(root, [t.clip for t in found.takes]),
            np.array([t.label for t in found.takes]),
            np.array([t.fold for t in found.takes]),
            # Numbers of the two modalities never meet: nothing pairs a picture with a recording.
            np.array([units[t.unit] for t in found.takes]) + len(things),
            np.stack([_cues(t.clip) for t in found.takes]),
            tuple(t.clip.path for t in found.takes),
        ),
        Bank(
            'image',
            image_features(root, paths),
            np.array([p.label for p in found.pictures]),
            np.array([p.fold for p in found.pictures]),
            np.array([things[p.concept] for p in found.pictures]),
            mean_colours(plain_view(load_rgba(path)) for path in paths),
            paths,
        ),
        False,
        load_strangers(root, found.classes),
    )


def load_strangers(root: Path, classes: Sequence[str]) -> dict[str, Strangers]:
    """What belongs to no class, by modality."""
    concepts = strange_concepts(root, classes)
    paths, folds = choose_pictures(concepts)
    seen = image_features(root, paths)[:, :2]
    empty, empty_folds = empty_scenes(FrozenTrunk.load(root))
    # Some published files are digital silence.
    clips = [
        (c, clip) for c in concepts for clip in c.sounds[:STRANGE_TAKES] if not is_silent(clip)
    ]
    heard = sound_features(root, [clip for _, clip in clips])
    return {
        'image': Strangers(
            np.concatenate([seen.reshape(-1, seen.shape[2]), empty]),
            np.concatenate([np.repeat(folds, 2), empty_folds]),
        ),
        'sound': Strangers(
            heard[:, :STRANGE_TAKES].reshape(-1, heard.shape[2]),
            np.repeat([c.fold for c, _ in clips], STRANGE_TAKES),
        ),
    }


def _cues(clip: SoundClip) -> NDArray[np.float64]:
    waveform = load_sound(clip)
    return sound_controls(waveform.samples, waveform.sample_rate)


def load_folders(place: Path, root: Path) -> AudioVisualData:
    """ROOT/{sound,image}/CLASS/FILE; files of each class are dealt to the folds in turn."""
    media = load_folder_pairs(place, ('sound', 'image'))
    stems: dict[str, set[str]] = {}
    for file in media.files:
        stems.setdefault(file.label, set()).add(file.path.stem)
    # Files of equal stem are a pair and share a fold.
    fold_of = {
        (label, stem): number % FOLDS
        for label, names in stems.items()
        for number, stem in enumerate(sorted(names))
    }
    banks = {}
    for modality in MODALITIES:
        files = media.of(modality)
        paths = tuple(file.path for file in files)
        features = (
            sound_features(root, [SoundClip(path) for path in paths])
            if modality == 'sound'
            else image_features(root, paths)
        )
        samples = media.samples(files, features[:, 0])
        fold = np.array([fold_of[f.label, f.path.stem] for f in files])
        banks[modality] = Bank(
            modality, features, samples.label, fold, samples.concept, paths=paths
        )
    everything = {media.dataset: np.arange(len(media.classes))}
    shared = np.intersect1d(banks['sound'].concept, banks['image'].concept)
    return AudioVisualData(
        media.dataset, media.classes, everything, banks['sound'], banks['image'], len(shared) > 0
    )


def image_features(root: Path, paths: Sequence[Path]) -> Floats:
    """(N, 1 + SCENES, 1280) of the shared trunk: each picture plain, then in scenes."""
    cache = FrozenTrunk.load(root).cache(root, SCENES)
    return np.stack([cache.features(path) for path in track(paths, 'Pictures', transient=True)])


def sound_features(root: Path, clips: Sequence[SoundClip]) -> Floats:
    """(N, 1 + VARIANTS, F): each clip as the robot hears it, then variants of it."""
    windows = SoundWindowCache(cache_folder(root, 'sound-windows'), SoundInput(), VARIANTS)
    trunk = sound_trunk()
    heard = track(clips, 'Sounds', transient=True)
    return np.stack([apply_windows(trunk, windows.windows(clip)) for clip in heard])


def sound_trunk() -> TimbreStatistics:
    """What a sound is described by; the bundle computes it in front of the head."""
    shape = SoundInput()
    return TimbreStatistics(shape.frames, int(shape.parameters()['mels']))


def apply_windows(trunk: nn.Module, windows: Floats) -> Floats:
    """(V, T, M) -> (V, F)."""
    with torch.no_grad():
        rows = torch.from_numpy(np.ascontiguousarray(windows, dtype=np.float32))
        return np.asarray(trunk(rows[:, None]).numpy())
