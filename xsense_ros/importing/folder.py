# SPDX-License-Identifier: Apache-2.0
"""A folder per item.

things/
  background.png              the touch sensor without contact, for all items
  mug/                        item 'mug'
    label.txt                 its label, if not the name of the folder
    front.jpg  side.png       pictures
    ring.wav                  a sound
    about.txt                 a text
    sketch-1.png              a sketch, a touch or a knock says so at the beginning of its name,
    touch/press.png           or lies in a folder of that name
    touch/background.png      the sensor without contact, for the touches of this folder,
    touch/press.background.png  or for one of them
    impact/knock.wav
  ball.jpg                    a file outside of the folders is an item of its own name
"""

from __future__ import annotations

from pathlib import Path

from xsense_ros.errors import InputError
from xsense_ros.importing.loading import read_text
from xsense_ros.importing.plan import PICTURES, Plan, Source, item_id_of, label_of, modality_of
from xsense_ros.names import MODALITIES

_LABEL = 'label.txt'
_BACKGROUND = 'background'
_CURE = 'move it, or leave out --strict to skip it'


def plan_folder(root: Path, profile: str = '') -> Plan:
    """What lies in a folder, in the order of the names; files that begin with a dot are not seen.

    Args:
        root: the folder.
        profile: kind of the touch sensor, by name or path.

    Raises:
        InputError: it is no folder, or cannot be read.
    """
    root = root.resolve()
    plan = Plan(root)
    shared = _background(root)
    for place in _entries(root):
        if place.is_dir():
            _plan_item(plan, place, profile, shared)
        elif place.name != _LABEL and place != shared:
            stem = place.stem
            _add(plan, place, '', stem, stem, profile, shared)
    return plan


def _plan_item(plan: Plan, folder: Path, profile: str, shared: Path | None) -> None:
    name, label = folder.name, folder.name
    if (folder / _LABEL).is_file():
        try:
            label = read_text(folder / _LABEL, plan.root)
        except InputError as error:
            plan.skip(_name(plan, folder / _LABEL), error)
    background = _background(folder) or shared
    for place in _entries(folder):
        if place.is_dir():
            said = place.name.lower()
            if said not in MODALITIES:
                expected = f'a folder named as one of {list(MODALITIES)}'
                plan.skip(_name(plan, place), InputError('folder', said, expected, _CURE))
                continue
            own = _background(place) or background
            for file in _entries(place):
                if file != own:
                    _add(plan, file, said, name, label, profile, own)
        elif place.name != _LABEL and place != background:
            _add(plan, place, '', name, label, profile, background)


def _add(
    plan: Plan,
    path: Path,
    said: str,
    name: str,
    label: str,
    profile: str,
    background: Path | None,
) -> None:
    if path.stem.endswith(f'.{_BACKGROUND}'):
        return
    told = _name(plan, path)
    try:
        if not path.is_file():
            raise InputError('file', told, 'a file, not a folder or a device', _CURE)
        modality = modality_of(path, said)
        item = plan.item(item_id_of(name), label_of(label))
    except InputError as error:
        plan.skip(told, error)
        return
    if modality == 'touch':
        own = _background(path.parent, f'{path.stem}.{_BACKGROUND}')
        item.sources.append(Source(told, modality, path, '', own or background, profile))
    else:
        item.sources.append(Source(told, modality, path))


def _background(folder: Path, stem: str = _BACKGROUND) -> Path | None:
    found = (folder / f'{stem}{suffix}' for suffix in PICTURES)
    return next((path for path in found if path.is_file()), None)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(place for place in folder.iterdir() if not place.name.startswith('.'))
    except OSError as error:
        expected = f'a folder that can be read ({error.strerror})'
        raise InputError('folder', str(folder), expected, 'correct the path') from error


def _name(plan: Plan, path: Path) -> str:
    return str(path.relative_to(plan.root))
