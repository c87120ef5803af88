# SPDX-License-Identifier: Apache-2.0
"""The table of the retrieval node's parameters: it declares, documents and checks each of them."""

from __future__ import annotations

from xsense_ros.adapters.table import SOUND, WORDS, kinds_of
from xsense_ros.names import BUNDLES, MODALITIES
from xsense_ros.nodes.parameter_spec import (
    INACTIVE,
    UNCONFIGURED,
    ParameterSpec,
    audio_format,
    joint_senses,
    names,
    one_of,
    path,
    share_or_default,
    some_of,
    topics,
)
from xsense_ros.nodes.shared_parameters import INFERENCE, PROCESS, STAMP_TOLERANCE
from xsense_ros.resources import default_gallery


def _targets(modality: str, asked: str, *default: str) -> ParameterSpec:
    meaning = f'Modalities of the remembered views that may answer {asked}.'
    return ParameterSpec(f'{modality}.targets', list(default), meaning, check=some_of(*MODALITIES))


def _max_rate(modality: str, asked: str, unlimited: str = 'no limit') -> ParameterSpec:
    meaning = f'Most {asked} asked a second [Hz]; 0: {unlimited}.'
    return ParameterSpec(f'{modality}.max_rate', 0.0, meaning, limits=(0.0, 1000.0))


# Modalities whose messages may be of several types on one topic.
TYPED = {'sound': SOUND, 'impact': SOUND, 'text': WORDS}


def _message_type(modality: str) -> ParameterSpec:
    kinds = kinds_of(TYPED[modality])
    meaning = f'Type of the messages that carry {TYPED[modality]} for the sense {modality!r}.'
    return ParameterSpec(
        f'{modality}.message_type', kinds[0], meaning, INACTIVE, check=one_of(*kinds)
    )


PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec(
        'bundles',
        list(BUNDLES),
        'Model bundles to load, by name or path.',
        UNCONFIGURED,
        check=names,
    ),
    ParameterSpec(
        'gallery',
        default_gallery(),
        "File of what is remembered, made where missing; or the URL of a fleet's gallery: "
        "docs/fleet.md. ':memory:' forgets at cleanup.",
        UNCONFIGURED,
        check=path,
    ),
    *INFERENCE,
    ParameterSpec(
        'senses',
        list(MODALITIES),
        'Senses to subscribe to, among those that the bundles offer.',
        INACTIVE,
        check=some_of(*MODALITIES),
    ),
    _targets('image', 'a picture', 'image'),
    _targets('sketch', 'a sketch', 'image'),
    _targets('sound', 'a sound', 'image', 'sound'),
    _targets('text', 'a text', 'image'),
    _targets('touch', 'a touch', 'image'),
    _targets('impact', 'a knock', 'image'),
    ParameterSpec('top_k', 5, 'Most matches in an answer.', limits=(1, 1000)),
    ParameterSpec(
        'search.approximate_above',
        0,
        'Views of a modality above which search is approximate, and faster; 0: always exact.',
        UNCONFIGURED,
        (0, 1_000_000_000),
    ),
    ParameterSpec(
        'min_probability',
        -1.0,
        'Least probability of an accepted match; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=share_or_default,
    ),
    ParameterSpec(
        'min_margin',
        -1.0,
        'Least lead of an accepted match over the next item; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=share_or_default,
    ),
    ParameterSpec(
        'fusion.senses',
        [''],  # of an empty list ROS does not know what it is a list of
        "Senses whose samples of one event are answered as one, as in ['impact+touch']; "
        "['']: none.",
        INACTIVE,
        check=joint_senses,
    ),
    ParameterSpec(
        'fusion.window_seconds',
        2.0,
        'Stamps of one event lie at most so far apart, and a sample waits at most so long for its '
        'partners [s].',
        INACTIVE,
        (0.02, 60.0),
    ),
    ParameterSpec(
        'fusion.min_probability',
        -1.0,
        'Least probability of an accepted match of several senses; -1: as it was measured.',
        limits=(-1.0, 1.0),
        check=share_or_default,
    ),
    ParameterSpec(
        'fusion.min_margin',
        -1.0,
        'Least lead of an accepted match of several senses; -1: as it was measured.',
        limits=(-1.0, 1.0),
        check=share_or_default,
    ),
    _max_rate('image', 'pictures', 'as many as the machine can'),
    _max_rate('sketch', 'sketches'),
    _max_rate('text', 'texts'),
    ParameterSpec(
        'sound.window_seconds',
        2.0,
        'Length of the sound that is asked [s].',
        limits=(0.1, 30.0),
    ),
    ParameterSpec(
        'sound.hop_seconds',
        0.5,
        'A window is asked whenever so much new sound was heard [s].',
        limits=(0.02, 30.0),
    ),
    ParameterSpec(
        'sound.silence_dbfs',
        -50.0,
        'Windows quieter than this (RMS, dB below full scale) are not asked.',
        limits=(-200.0, 0.0),
    ),
    ParameterSpec(
        'touch.topics',
        ['touch'],
        'Topics of the tactile sensors, one a sensor.',
        INACTIVE,
        check=topics,
    ),
    ParameterSpec(
        'touch.profiles',
        ['gelsight'],
        'Kinds of the sensors, by name or path: one for all, or one a topic.',
        INACTIVE,
        check=names,
    ),
    ParameterSpec(
        'touch.backgrounds',
        '',
        "Folder of pictures of sensors without contact, SERIAL.png each; '': learn them all.",
        INACTIVE,
    ),
    ParameterSpec(
        'touch.event_seconds',
        0.3,
        'What is felt within this time of the first contact is one touch [s].',
        INACTIVE,
        (0.0, 60.0),
    ),
    ParameterSpec(
        'touch.presses',
        1,
        'Most frames of each sensor that are fused to one question; the best are taken.',
        INACTIVE,
        (1, 100),
    ),
    ParameterSpec(
        'touch.repeat_seconds',
        0.0,
        'A touch that lasts is asked again after so long [s]; 0: it is asked once.',
        INACTIVE,
        (0.0, 3600.0),
    ),
    ParameterSpec(
        'touch.silent_seconds',
        1.0,
        'A sensor without frames for so long is reported, and its touch is over [s].',
        INACTIVE,
        (0.05, 60.0),
    ),
    ParameterSpec(
        'impact.rise_db',
        16.0,
        'A knock is so much louder than what was heard before it [dB].',
        INACTIVE,
        (3.0, 60.0),
    ),
    _message_type('sound'),
    _message_type('impact'),
    _message_type('text'),
    ParameterSpec(
        'audio.format',
        'S16LE,16000,1',
        'Encoding, sample rate [Hz] and channels of sound whose messages do not say it, until an '
        'AudioInfo does.',
        INACTIVE,
        check=audio_format,
    ),
    STAMP_TOLERANCE,
    ParameterSpec(
        'keep_media',
        True,
        'Keep the samples of enrolled views, so that the gallery can be '
        'rebuilt for another model.',
    ),
    *PROCESS,
)
