# SPDX-License-Identifier: Apache-2.0
"""What the robot is shown and hears before the recording begins, as files, and whose it all is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from xsense_ros.senses.resize import resize
from xsense_training.data.image import load_image
from xsense_training.sample_recording import scenario
from xsense_training.sample_recording.library import Library, Picture
from xsense_training.sample_recording.messages import encode_jpeg
from xsense_training.sample_recording.room_sound import RATE, heard
from xsense_training.sample_recording.touched import Image, TouchedThing, chosen

SIDE = 320
_QUALITY = 90


def write_gallery(
    folder: Path, items: Sequence[scenario.Item], library: Library, rng: np.random.Generator
) -> None:
    """One picture a thing on white, the sound of some, and items.json that names them."""
    folder.mkdir(parents=True)
    entries = []
    for item in items:
        entry = {'item_id': item.item_id, 'label': item.label}
        if item.picture is not None:
            medium, picture = _picture(item.picture, library)
            scale = min(1.0, SIDE / max(picture.shape[:2]))
            height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
            entry['picture'] = f'{item.item_id}.jpg'
            data = encode_jpeg(resize(picture, height, width), _QUALITY)
            (folder / entry['picture']).write_bytes(data.tobytes())
            entry |= {'source': item.picture, 'licence': medium.licence, 'author': medium.author}
        if item.sound is not None:
            sound = library.sounds[item.sound]
            entry['sound'] = f'{item.item_id}.flac'
            samples = heard(sound.load(), rng)
            soundfile.write(folder / entry['sound'], samples, RATE, subtype='PCM_16')
            if item.picture is None:
                entry |= {'source': item.sound, 'licence': sound.licence, 'author': sound.author}
        entries.append(entry)
    text = json.dumps(entries, indent=1, ensure_ascii=False)
    (folder / 'items.json').write_text(text + '\n', 'utf-8')


def _picture(key: str, library: Library) -> tuple[Picture | TouchedThing, Image]:
    """Whose a picture is, and its pixels: of a file, or of a simulated thing."""
    for thing in library.things:
        if thing.key == key:
            return thing, thing.view()
    return library.pictures[key], load_image(library.pictures[key].path)


_ATTRIBUTION = """\
# Where the sample recording comes from

The recording and its gallery are made of the media listed below, each under its own licence:

- Tux Paint stamps (tuxpaint-stamps 2022.06.04), Copyright 2002-2022 by Bill Kendrick
  <bill@newbreedsoftware.com> and the Tux Paint contributors, https://tuxpaint.org: GNU General
  Public License, version 2 or (at your option) any later version; its text is in COPYING.
- GCompris (gcompris-qt 3.1), by the GCompris contributors, https://gcompris.net: GNU General
  Public License, version 3 or later; https://www.gnu.org/licenses/gpl-3.0.html.
- OpenMoji 17.0 line art, https://openmoji.org: Creative Commons Attribution-ShareAlike 4.0,
  https://creativecommons.org/licenses/by-sa/4.0/.
- Twemoji 15.0, Copyright Twitter, Inc. and other contributors: Creative Commons Attribution 4.0,
  https://creativecommons.org/licenses/by/4.0/.
- Noto Emoji (emoji-datasource-google 16.0.0), Copyright Google: Apache License 2.0,
  https://www.apache.org/licenses/LICENSE-2.0.
- FluidR3 GM soundfont, Copyright 2000-2008 Frank Wen: MIT.
- Simulated things (touch-sim/...): pictures, presses and knocks computed by
  training/xsense_training/touch_sim; meshes of pybullet 3.2.7 (pybullet_data), Copyright Erwin
  Coumans and the Bullet contributors: zlib licence; shading of the gel measured by taxim 1.4.1,
  Copyright the taxim authors: MIT.
- The flight over land: Landsat 7 scene (bands 1 to 3 and 6, columns 992 to 1488) as packed with
  localtileserver 1.0.0, Landsat 7 image courtesy of the U.S. Geological Survey: public domain.

As a whole, gallery and recording are under the GNU General Public License, version 3 or later,
which all of these licences allow. The rest of this repository is not.

What was changed: pictures were laid on white and made smaller (gallery), or laid on drawn scenes,
turned, lit and given noise (bag); line art was turned, made to wobble, given another width of pen
and laid on drawn paper; of sounds the loudest stretch was given an echo and room noise, each time
another one; simulated things were rendered, pressed into a simulated gel and knocked; the land is
seen from above by two cameras that move, and is made brighter for one of them. The source of the
recording is training/xsense_training/record_sample.py with the media themselves;
`make record-sample` makes it again.

| medium | name | kind | author | licence |
| --- | --- | --- | --- | --- |
"""
_LAND = (
    '| landsat (test region) | Great Salt Lake, Utah | flight: visible and thermal light '
    '| U.S. Geological Survey | public domain |'
)


def write_attribution(file: Path, items: Sequence[scenario.Item], library: Library) -> None:
    """The media that were used, with author and licence."""
    things = {thing.key: thing for thing in chosen(library.things, scenario.TOUCHED)}
    shown = {item.picture for item in items if item.picture not in things} | {
        sight.shown for sight in scenario.SIGHTS
    }
    heard_keys = {item.sound for item in items} | {heard.sound for heard in scenario.SOUNDS}
    rows = [
        *_rows('picture', {key: library.pictures[key] for key in shown if key}),
        *_rows('line art', {d.sketch: library.sketches[d.sketch] for d in scenario.DRAWINGS}),
    ]
    for key in sorted(filter(None, heard_keys)):
        sound = library.sounds[key]
        rows.append(f'| {key} | | sound | {sound.author} | {sound.licence} |')
    rows += _rows('simulated: view, presses, knock', things)
    rows.append(_LAND)
    file.write_text(_ATTRIBUTION + '\n'.join(rows) + '\n', 'utf-8')


def _rows(kind: str, pictures: Mapping[str, Picture | TouchedThing]) -> list[str]:
    return [
        f'| {key} | {picture.name} | {kind} | {picture.author} | {picture.licence} |'
        for key, picture in sorted(pictures.items())
    ]
