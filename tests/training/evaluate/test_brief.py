# SPDX-License-Identifier: Apache-2.0
"""The short table says what the long one says, one line a question."""

from __future__ import annotations

from xsense_training.evaluate.brief import brief
from xsense_training.evaluate.summary import Comparison, Row, Size, Summary

KEY = ('sketch', 'emoji', 'unseen', 'sketch->image')


def row(method, kind, mean, metric='mAP', runs=5):
    return Row(*KEY, metric, method, kind, mean, mean - 0.01, mean + 0.01, runs, None)


def test_one_line_names_the_best_of_each_kind():
    summary = Summary(
        [
            row('chance', 'chance', 0.03),
            row('mean colour', 'control', 0.05),
            row('HOG', 'baseline', 0.43),
            row('CCA', 'baseline', 0.2),
            row('original', 'published', 0.1, runs=1),
            row('half of it', 'ablation', 0.9),
            row('ours', 'production', 0.52),
            row('ours', 'production', 0.5, 'R@1'),
        ],
        [
            Comparison(
                *KEY, 'mAP', 'ours', 'HOG', 'baseline', 0.09, 0.05, 0.13, 5, 0.002, 0.001, 0.04
            )
        ],
        [Size(*KEY, 172, 340)],
    )
    (line,) = brief(summary).splitlines()[2:]
    cells = [cell.strip() for cell in line.strip('|').split('|')]
    assert cells == [
        'emoji, unseen: sketch->image (172 x 340)',
        '0.030',
        '0.050 mean colour',
        '0.430 HOG',
        '0.100 original (1 run only)',
        '**0.520** (0.510-0.530)',
        '0.500',
        '+0.090, p 0.002: above',
    ]


def test_a_question_that_nothing_shipped_answers_stays_open():
    summary = Summary([row('HOG', 'baseline', 0.43)], [], [Size(*KEY, 172, 340)])
    assert brief(summary).splitlines()[-1].count('|') == brief(summary).splitlines()[0].count('|')
