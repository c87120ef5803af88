# SPDX-License-Identifier: Apache-2.0
"""The model card of the matcher, every number from the run that made the bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xsense_training.evaluate.cells import line
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import markdown
from xsense_training.export.matcher_export import EngineReport, MatcherReport
from xsense_training.export.model_card import regenerate, selection_block
from xsense_training.recipes.hetero.calibration import Presence
from xsense_training.recipes.hetero.questions import NAME

DESCRIPTION = (
    'Finds the part of an infrared image that a template from the visible camera shows, or says '
    'that it is not there. The template is encoded once; a frame costs the search alone.'
)


def card_sections(
    report: MatcherReport,
    presence: Presence,
    held_out: Mapping[str, Mapping[str, float]],
    selection: Mapping[str, Any],
    notes: Sequence[str],
    judged: Summary,
    picture: str,
) -> dict[str, list[str]]:
    """Sections of MODEL_CARD.md.

    Args:
        report: of both engines.
        presence: the calibration.
        held_out: what it does on the judged lists, by question.
        selection: how what ships was chosen.
        notes: what is to be said of this run, a paragraph a line.
        judged: the rows; may be empty.
        picture: file name of the picture grid.
    """
    sections = {
        'What it is': [
            '- A small trunk for each sensor (convolutions shared, norms their own), the template '
            'correlated with the search image in several sizes, one layer of attention.',
            '- `template.onnx`: a square of the visible image (64 px) to what is kept of it. '
            '`search.onnx`: a square of the infrared image three times as wide (192 px) and what '
            'was kept, to a box and a score for every cell, and presence.',
            '- Raw counts go in: the 0.5 to 99.5 percentile of the crop becomes 0 to 1.',
            '',
            *_engines(report),
        ],
        'Data': [
            'Landsat 7 (one scene, western part): visible against thermal, near and short-wave '
            'infrared, pixel on pixel; and made scenes, pictures of things (Tux Paint, OpenMoji, '
            'Twemoji, GCompris) laid over land and textures, with images of thermal, '
            'near-infrared and depth sensors made from them. **No pair of a '
            "robot's own cameras**: none is freely at hand. Judged on the eastern part, on things "
            'that never trained, and on two sensors that never trained: the long short-wave band '
            'and made radar.',
        ],
        'This run': [*notes, *[''] * bool(notes), *selection_block(selection)],
        'Presence': [
            f'Logistic of the presence output, fitted on validation searches of which half do not '
            f'hold their target. Found from p = {presence.spec.min_probability:g} on: '
            f'{presence.rule}.',
            '',
            *_presence(presence, held_out),
        ],
    }
    if judged.rows:
        sections['Results'] = [markdown(judged), '', f'Searches and their answers: `{picture}`.']
    return sections | {
        'Limits': [
            '- Sizes from about 0.8 to 1.25 of the expected one and turns to about 10 degrees; '
            'beyond that it says "not found" or is wrong.',
            '- A template without contrast in either sensor is refused by the senses.',
            '- Things that look alike in the window are told apart by what the template shows of '
            'them, no more.',
            '',
            regenerate(NAME),
        ],
    }


def _engines(report: MatcherReport) -> list[str]:
    head = ['engine', 'parameters', 'MACs', 'file', 'largest error to torch']
    rows = [('template', report.template), ('search', report.search)]
    return [
        line(head),
        line(['---'] * len(head)),
        *(_engine(name, one) for name, one in rows),
        '',
        f'The search engine takes {report.share:.1%} of the MACs of both.',
    ]


def _engine(name: str, one: EngineReport) -> str:
    return line(
        [
            name,
            f'{one.parameters / 1e6:.3f} M',
            f'{one.macs / 1e6:.1f} M',
            f'{one.bytes / 1e6:.2f} MB',
            f'{one.error:.1e}',
        ]
    )


def _presence(presence: Presence, held_out: Mapping[str, Mapping[str, float]]) -> list[str]:
    head = ['searches', 'with target', 'without', 'found of those with', 'found of those without']
    rows = {'validation': presence.achieved, **held_out}
    return [
        line(head),
        line(['---'] * len(head)),
        *(
            line(
                [
                    name,
                    f'{own["present"]:.0f}',
                    f'{own["absent"]:.0f}',
                    f'{own["recall"]:.3f}',
                    f'{own["false_alarms"]:.3f}',
                ]
            )
            for name, own in rows.items()
        ),
    ]
