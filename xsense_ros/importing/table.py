# SPDX-License-Identifier: Apache-2.0
"""A table of files: CSV with a header, one line a sample.

Columns, in any order; ``file`` or ``text``, and ``item`` or ``label`` are needed:

    item        id of the item; samples of the same id are views of one item
    label       its name; without it the id
    file        of the sample, below the folder of the table
    text        the sample itself, if it is a text
    modality    image, sketch, sound, text, touch or impact; without it as the file's name says
    background  of a touch: the sensor without contact
    profile     of a touch: kind of the sensor
"""

from __future__ import annotations

import csv
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_ros.importing.plan import Plan, Source, clean, item_id_of, label_of, modality_of

COLUMNS = ('item', 'label', 'file', 'text', 'modality', 'background', 'profile')
_MOST_ROWS = 1_000_000


def plan_table(path: Path, root: Path | None = None, profile: str = '') -> Plan:
    """What a table names, in its order.

    Args:
        path: of the table, UTF-8.
        root: the folder that files are looked for in; None: that of the table.
        profile: kind of the touch sensor where a line does not say it.

    Raises:
        InputError: it cannot be read, or its columns are not those above.
    """
    plan = Plan((root or path.parent).resolve())
    try:
        with path.open(encoding='utf-8-sig', newline='') as lines:
            rows = csv.DictReader(lines, restkey='', restval='')
            _check_columns(path, list(rows.fieldnames or ()))
            for number, row in enumerate(rows):
                if number == _MOST_ROWS:
                    cure = 'divide it into several'
                    raise InputError('table', str(path), f'at most {_MOST_ROWS} lines', cure)
                _plan_row(plan, f'{path.name}:{rows.line_num}', row, profile)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        expected = f'a CSV file in UTF-8 ({error})'
        raise InputError('table', str(path), expected, 'correct the path or the file') from error
    return plan


def _check_columns(path: Path, found: list[str]) -> None:
    good = {'file', 'text'} & set(found) and {'item', 'label'} & set(found)
    if not good or not set(found) <= set(COLUMNS) or len(found) != len(set(found)):
        expected = f'some of {list(COLUMNS)}, of which file or text, and item or label'
        cure = 'name the columns in the first line'
        raise InputError(f'columns of {path}', found, expected, cure)


def _plan_row(plan: Plan, told: str, row: dict[str, str], profile: str) -> None:
    cells = {name: row.get(name, '').strip() for name in COLUMNS}
    try:
        if '' in row:
            raise InputError('line', row[''], 'as many cells as columns', 'correct the line')
        name = cells['item'] or cells['label']
        label = label_of(cells['label'] or name)
        if bool(cells['file']) == bool(cells['text']):
            raise InputError('line', cells, 'a file or a text', 'fill one of both in')
        if cells['text']:
            if cells['modality'] not in ('', 'text'):
                cure = 'leave modality out'
                raise InputError('modality', cells['modality'], 'text, of a text', cure)
            source = Source(told, 'text', text=clean(cells['text']))
        else:
            file = plan.root / cells['file']
            source = Source(
                f'{told} {cells["file"]}',
                modality_of(file, cells['modality']),
                file,
                background=plan.root / cells['background'] if cells['background'] else None,
                profile=cells['profile'] or profile,
            )
        plan.item(item_id_of(name), label).sources.append(source)
    except InputError as error:
        plan.skip(told, error)
