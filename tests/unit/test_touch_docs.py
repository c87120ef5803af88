# SPDX-License-Identifier: Apache-2.0
"""docs/touch.md quotes what is really said, and its table of fields is that of the profiles."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from tests.unit.senses import gel
from xsense_ros.errors import InputError
from xsense_ros.senses.contact import Contact
from xsense_ros.senses.impact_window import align_impact
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import TactileProfile, load_profile
from xsense_ros.senses.tactile_sensor import Reading, TactileSensor
from xsense_ros.senses.touch_window import TouchWindow

PAGE = (Path(__file__).parents[2] / 'docs' / 'touch.md').read_text('utf-8')
QUOTED = re.findall(r'^\| `([^`]*)` \|', PAGE.partition('## Errors')[2], re.MULTILINE)
PROFILE = load_profile('gelsight')


def said(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return str(caught.value)


def messages():
    sensor = TactileSensor(PROFILE)
    read = sensor.read
    yield said(load_profile, 'nose')
    yield said(PROFILE.oriented, gel.rest(480, 480))
    yield said(PROFILE.oriented, np.zeros((240, 320, 3), np.uint8))
    yield said(PROFILE.oriented, np.full((240, 320, 3), 255, np.uint8))
    yield said(PROFILE.oriented, np.full((240, 320, 3), 90, np.uint8))
    yield said(PROFILE.oriented, np.full((240, 320, 3), np.nan, np.float32))
    yield said(read, gel.rest(), '', 1)
    yield said(read, gel.pressed(gel.rest()), 'D1', 1)
    read(gel.rest(), 'D1', 1)
    yield said(read, gel.rest(tint=(30, 30, 30)), 'D1', 1)
    for _ in range(4):
        read(gel.rest(), 'D1', 1)
    yield said(sensor.press, gel.rest(), 'D1')
    yield said(press_of, gel.rest(), gel.rest(480, 640), PROFILE)
    window = TouchWindow()
    press = press_of(gel.rest(), gel.rest(), PROFILE)
    window.push('touch', Reading('D1', 1, press, Contact(0.0, 0.0, (0.0, 0.0), 0.0), False))
    yield str(window.silent(5_000_000_000)[0][1])
    yield said(align_impact, Waveform(np.zeros(99, np.float32), 16000))


def test_every_quoted_message_is_said_and_every_message_is_quoted():
    texts = list(messages())
    assert len(QUOTED) == len(texts)
    for quoted, text in zip(QUOTED, texts, strict=True):
        assert text.startswith(quoted)
        assert 'Cure: ' in text


def test_fields_of_a_profile_are_explained():
    table = PAGE.partition('## Profiles')[2].partition('## Backgrounds')[0]
    explained = set(re.findall(r'`(\w+)`', table))
    names = {field.name for field in dataclasses.fields(TactileProfile)} - {'name'}
    assert names <= explained
