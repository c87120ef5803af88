# SPDX-License-Identifier: Apache-2.0
"""Says what of the data sets is there, how much it holds, and what mends what is missing."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from xsense_ros.errors import InputError, XsenseError
from xsense_training.data.concepts import load_concepts
from xsense_training.data.fetch import is_fetched, read_record
from xsense_training.data.image_source import ImageSource, images_per_second, unreadable
from xsense_training.data.landsat import FILE as LANDSAT
from xsense_training.data.packages import DATASETS, Package
from xsense_training.data.public_sets import PUBLIC_SETS, Contents
from xsense_training.data.root import data_root, require
from xsense_training.data.weights import EFFICIENTNET_LITE0, TOKEN_TABLE, TOKENIZER
from xsense_training.touch_sim.gel_table import FOLDER as GEL
from xsense_training.touch_sim.meshes import FOLDER as MESHES

# What is read of the sets that hold no concepts.
_FILES = {
    'weights': (TOKENIZER, TOKEN_TABLE, EFFICIENTNET_LITE0),
    'gel': (
        f'{GEL}/gelsight/polycalib.npz',
        f'{GEL}/gelsight/dataPack.npz',
        f'{GEL}/gelsight_mini/dataPack.npz',
    ),
    'meshes': (f'{MESHES}/random_urdfs', f'{MESHES}/teddy2_VHACD_CHs.obj'),
    'landsat': (LANDSAT,),
}


def check(name: str, root: Path | str | None = None, console: Console | None = None) -> int:
    """Prints a report of one data set or of all fetched ones.

    Args:
        name: one of DATASETS, or all; or a public set that the user brings, as 'sketchy:/path'
            (without a path it is looked for in the data root).
        root: data root; None means $XSENSE_DATA or its default.
        console: where to print; None means standard output.

    Returns:
        exit status: 0 when everything is there and can be read, else 1.

    Raises:
        InputError: unknown name.
    """
    out = console or Console()
    dataset, _, path = name.partition(':')
    if dataset in PUBLIC_SETS:
        return _check_public(dataset, Path(path) if path else data_root(root) / dataset, out)
    if path or name not in ('all', *DATASETS):
        known = ['all', *DATASETS, *(f'{public}:PATH' for public in PUBLIC_SETS)]
        raise InputError('data set', name, f'one of {", ".join(known)}', 'correct the name')
    return _check_fetched(name, data_root(root), out)


def _check_public(dataset: str, path: Path, out: Console) -> int:
    try:
        contents = PUBLIC_SETS[dataset].inspect(path.expanduser())
    except XsenseError as error:
        out.print(f'[red]{dataset}[/]: {error}', soft_wrap=True)
        return 1
    _print_counts(contents, out)
    missing = [
        f'{kind}: {contents.total(kind)} of {due}'
        for kind, due in PUBLIC_SETS[dataset].complete.items()
        if contents.total(kind) < due
    ]
    try:
        split = contents.split()
        sizes = ', '.join(f'{len(ids)} {part}' for part, ids in split.parts.items())
        out.print(f'split: {sizes} ({split.rule})', soft_wrap=True)
        damaged = unreadable(contents.pictures)
        if damaged:
            missing.append(
                f'{len(damaged)} files are no pictures: {", ".join(map(str, damaged[:3]))}'
            )
        elif contents.pictures:
            rate = images_per_second(ImageSource(contents.pictures, shortest=224))
            out.print(f'decoding: {rate:.0f} images/s in one process, shortest side 224')
    except XsenseError as error:
        missing.append(str(error))
    for line in missing:
        out.print(f'[red]{dataset} is incomplete[/]: {line}', soft_wrap=True)
    if not missing:
        out.print(f'[green]{dataset}[/]: complete')
    return 1 if missing else 0


def _print_counts(contents: Contents, out: Console) -> None:
    table = Table('class', *contents.counts)
    for label in sorted({name for of_class in contents.counts.values() for name in of_class}):
        table.add_row(label, *(str(of.get(label, 0)) for of in contents.counts.values()))
    table.add_section()
    totals = (str(contents.total(kind)) for kind in contents.counts)
    table.add_row(f'{contents.total("classes")} classes', *totals)
    out.print(table)


def _check_fetched(name: str, folder: Path, out: Console) -> int:
    out.print(f'data root: {folder}', soft_wrap=True)
    status = 0
    for dataset in DATASETS if name == 'all' else [name]:
        try:
            line = f'[green]{dataset}[/]: {_contents(dataset, folder)}'
        except XsenseError as error:
            line, status = f'[red]{dataset}[/]: {error}', 1
        out.print(line, soft_wrap=True)
        for package in DATASETS[dataset]:
            out.print(f'  {package.name} {_version(package, folder)}', soft_wrap=True)
    return status


def _version(package: Package, root: Path) -> str:
    if is_fetched(package, root):
        record = read_record(package, root)
        return f'{record["version"]}' + ('' if record['pinned'] else ' (not the pinned version)')
    return 'unpacked by hand' if (root / package.folder).exists() else 'missing'


def _contents(dataset: str, root: Path) -> str:
    """What is there, counted by reading everything that the loaders read."""
    if dataset in _FILES:
        for part in _FILES[dataset]:
            require(root, part, dataset)
        if dataset == 'weights':
            _check_tokenizer(root)
        return f'{len(_FILES[dataset])} files and folders, all there'
    concepts = load_concepts(root, [dataset])
    counts = {
        'concepts': len(concepts),
        'images': sum(len(concept.images) for concept in concepts),
        'texts': sum(len(concept.texts) for concept in concepts),
        'sounds': sum(len(concept.sounds) for concept in concepts),
        'spoken captions': sum(len(concept.speech) for concept in concepts),
    }
    return ', '.join(f'{number} {what}' for what, number in counts.items() if number)


def _check_tokenizer(root: Path) -> None:
    # The library raises a plain Exception for a file that it cannot use.
    try:
        Tokenizer.from_file(str(root / TOKENIZER))
    except Exception as error:
        raise InputError(
            'tokenizer',
            str(root / TOKENIZER),
            'a tokenizer.json',
            'xsense-train data fetch weights',
        ) from error
