# SPDX-License-Identifier: Apache-2.0
"""Hostile files and names by the thousand: taken within limits, or refused with a cure."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.unit.dashboard.pages import picture_file, sound_file
from xsense_ros.dashboard.problems import Refused
from xsense_ros.dashboard.uploads import Limits, Upload, clean_text, take
from xsense_ros.senses.picture_size import picture_size

LIMITS = Limits(max_pixels=1_000_000, max_side=200, max_seconds=5.0)
SEEDS = {
    'image': [picture_file('.png'), picture_file('.jpg')],
    'sketch': [picture_file('.png'), picture_file('.jpg')],
    'sound': [sound_file(kind) for kind in ('WAV', 'FLAC', 'OGG')],
}
EACH = 250


def hostile(data: bytes, chance: random.Random) -> bytes:
    """A file with bits turned, bytes cut out, doubled or made extreme; mostly near its header."""
    broken = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        if not broken:
            break
        reach = 64 if chance.random() < 0.6 else len(broken)
        at = chance.randrange(min(reach, len(broken)))
        kind = chance.randrange(5)
        if kind == 0:
            broken[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            broken[at : at + 4] = chance.choice([b'\xff' * 4, bytes(4), b'\x7f\xff\xff\xff'])
        elif kind == 2:
            del broken[at : at + chance.randint(1, 200)]
        elif kind == 3:
            broken[at:at] = broken[: chance.randint(1, 100)]
        else:
            broken[at:at] = chance.randbytes(chance.randint(1, 30))
    return bytes(broken)


@pytest.mark.parametrize('modality', SEEDS)
def test_hostile_files(modality: str, record_property: pytest.Function) -> None:
    chance, outcomes = random.Random(7), Counter[str]()
    for number in range(EACH * len(SEEDS[modality])):
        data = hostile(SEEDS[modality][number % len(SEEDS[modality])], chance)
        try:
            upload = take(modality, data, LIMITS)
        except Refused as refusal:
            assert refusal.status in (400, 413, 415) and refusal.cure
            outcomes['refused'] += 1
            continue
        outcomes['taken'] += 1
        assert isinstance(upload, Upload)
        if modality == 'sound':
            assert 0 < len(upload.value.samples) <= LIMITS.max_seconds * upload.value.sample_rate
        else:
            assert max(picture_size(upload.value)) <= LIMITS.max_side
    record_property('fuzz inputs', sum(outcomes.values()))
    print(f'{modality}: {sum(outcomes.values())} hostile files, {dict(outcomes)}')
    assert outcomes['refused'] > EACH / 5


def test_hostile_names(record_property: pytest.Function) -> None:
    chance = random.Random(3)
    odd = '\0\n\r\t\x1b\u202e\u200b\ufeff\U0001f600\ud800/..\\<>"\'%&;|`$({é\u0301ﬁ漢'
    for _ in range(1000):
        text = ''.join(chance.choice(odd) for _ in range(chance.randrange(80)))
        data = text.encode('utf-8', 'surrogatepass')
        for given in (text, data, chance.randbytes(chance.randrange(20))):
            try:
                cleaned = clean_text(given, 30, 'label')
            except Refused as refusal:
                assert refusal.status in (400, 413)
                continue
            assert cleaned.isprintable() and cleaned == cleaned.strip()
            assert 1 <= len(cleaned) <= 30 and cleaned.encode()
    record_property('fuzz inputs', 3000)
    print('3000 hostile names')
