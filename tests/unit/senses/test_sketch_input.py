# SPDX-License-Identifier: Apache-2.0
"""A drawing comes out the same whatever the pen, the paper, the place and the size."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.drawing import drawing_to_raster
from xsense_ros.senses.ink import find_ink, stroke_width
from xsense_ros.senses.sketch_input import SketchInput

PREPARE = SketchInput(size=128, stroke=4.0, margin=8, mean=(0, 0, 0), std=(1, 1, 1))
TURN = np.linspace(0, 2 * np.pi, 60)


def ring(x, y, radius, flat=1.0):
    return np.stack([x + radius * np.cos(TURN), y + flat * radius * np.sin(TURN)], axis=1)


# In a unit square: a house with a door, a face, and a bicycle.
DRAWINGS = {
    'house': [
        [(0.1, 0.45), (0.5, 0.05), (0.9, 0.45), (0.9, 0.95), (0.1, 0.95), (0.1, 0.45)],
        [(0.4, 0.95), (0.4, 0.6), (0.6, 0.6), (0.6, 0.95)],
    ],
    'face': [
        ring(0.5, 0.5, 0.45),
        ring(0.33, 0.38, 0.07),
        ring(0.67, 0.38, 0.07),
        [(0.3, 0.68), (0.42, 0.76), (0.58, 0.76), (0.7, 0.68)],
    ],
    'bicycle': [
        ring(0.2, 0.65, 0.2),
        ring(0.8, 0.65, 0.2),
        [(0.2, 0.65), (0.4, 0.3), (0.72, 0.3), (0.48, 0.65), (0.2, 0.65)],
        [(0.8, 0.65), (0.68, 0.18), (0.76, 0.18)],
        [(0.48, 0.65), (0.37, 0.22)],
    ],
}


def draw(name, side=200, at=(28, 28), canvas=(256, 256), thickness=4):
    strokes = [np.asarray(stroke) * side + at for stroke in DRAWINGS[name]]
    return drawing_to_raster(strokes, *canvas, thickness)


def alike(one, other):
    """Correlation of two redrawn sketches, blurred by a hundredth of their side or so."""
    one, other = (cv2.GaussianBlur(picture, (0, 0), 1.5).ravel() for picture in (one, other))
    return float(np.corrcoef(one, other)[0, 1])


def on_paper(rgb, seed=0):
    """Grey pencil on shaded, grainy paper, compressed hard."""
    rows, columns = rgb.shape[:2]
    y, x = np.mgrid[:rows, :columns]
    light = 1.0 - 0.45 * (x / columns * 0.6 + y / rows * 0.4)
    noise = np.random.default_rng(seed).normal(0, 4, rgb.shape)
    page = (rgb * 0.55 + 100) * light[..., None] + noise
    _, packed = cv2.imencode('.jpg', np.clip(page, 0, 255).astype(np.uint8), [1, 60])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


@pytest.mark.parametrize('name', DRAWINGS)
def test_output_is_black_on_white_centred_with_its_margin(name):
    tensor = PREPARE(draw(name))['sketch']
    assert tensor.shape == (1, 3, 128, 128)
    assert tensor.dtype == np.float32
    assert tensor.min() == pytest.approx(0.0, abs=0.01)
    assert tensor.max() == 1.0
    np.testing.assert_array_equal(tensor[0, 0], tensor[0, 2])
    left, top, columns, rows = cv2.boundingRect((tensor[0, 0] < 0.5).astype(np.uint8))
    assert max(columns, rows) == pytest.approx(128 - 16, abs=2)
    assert left + columns / 2 == pytest.approx(64, abs=1.5)
    assert top + rows / 2 == pytest.approx(64, abs=1.5)


@pytest.mark.parametrize('stroke', [2.0, 4.0, 8.0])
def test_strokes_are_redrawn_with_the_width_asked_for(stroke):
    prepare = SketchInput(size=160, stroke=stroke)
    for thickness in (1, 4, 10):
        ink = prepare.ink(draw('house', thickness=thickness))
        assert stroke_width((ink > 0.5).astype(np.uint8)) == pytest.approx(stroke, abs=0.8)


@pytest.mark.parametrize('name', DRAWINGS)
@pytest.mark.parametrize('thickness', range(1, 13))
def test_width_of_the_pen(name, thickness):
    least = 0.95 if thickness <= 8 else 0.9
    assert alike(PREPARE.ink(draw(name)), PREPARE.ink(draw(name, thickness=thickness))) > least


@pytest.mark.parametrize('name', DRAWINGS)
def test_polarity_and_place(name):
    reference = PREPARE.ink(draw(name))
    assert alike(reference, PREPARE.ink(255 - draw(name))) > 0.995
    board = 60 + (255 - draw(name)) // 2
    assert alike(reference, PREPARE.ink(board)) > 0.98
    moved = draw(name, at=(190, 3), canvas=(240, 400))
    assert alike(reference, PREPARE.ink(moved)) > 0.98


@pytest.mark.parametrize('name', DRAWINGS)
def test_scale(name):
    reference = PREPARE.ink(draw(name))
    for side, canvas in ((60, (80, 80)), (100, (256, 256)), (900, (1080, 1920))):
        for thickness in (2, max(2, side // 50)):
            other = draw(name, side, at=(9, 9), canvas=canvas, thickness=thickness)
            assert alike(reference, PREPARE.ink(other)) > 0.93, (side, thickness)


@pytest.mark.parametrize('name', DRAWINGS)
def test_paper(name):
    reference = PREPARE.ink(draw(name))
    assert alike(reference, PREPARE.ink(on_paper(draw(name)))) > 0.95
    assert alike(reference, PREPARE.ink(on_paper(draw(name, side=700, canvas=(768, 900))))) > 0.95
    # A board is no lighter for being wiped badly.
    assert alike(reference, PREPARE.ink(255 - on_paper(draw(name)))) > 0.95


def test_specks_of_dust_do_not_move_the_box():
    dusty = draw('house', side=120, at=(70, 70))
    for row, column in ((3, 3), (250, 250), (5, 240), (128, 2)):
        dusty[row, column] = 0
    clean = PREPARE.ink(draw('house', side=120, at=(70, 70)))
    np.testing.assert_allclose(PREPARE.ink(dusty), clean, atol=0.1)


def test_what_is_filled_stays_filled():
    page = draw('face')
    cv2.circle(page, (128, 128), 45, (0, 0, 0), -1)
    ink = PREPARE.ink(page)
    assert ink[54:74, 54:74].min() > 0.9


def test_a_dot_and_a_line_are_drawings_too():
    for strokes in ([[(50, 50)]], [[(10, 50), (200, 50)]]):
        ink = PREPARE.ink(drawing_to_raster(strokes, thickness=5))
        assert np.isfinite(ink).all()
        assert 0.001 < ink.mean() < 0.8


def test_normalised_with_mean_and_std():
    prepare = SketchInput(size=64, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 0.2))
    paper = 1.0 - prepare.ink(draw('house'))
    tensor = prepare(draw('house'))['sketch']
    for channel, (mean, std) in enumerate(((0.5, 0.5), (0.4, 0.25), (0.3, 0.2))):
        np.testing.assert_allclose(tensor[0, channel], (paper - mean) / std, atol=1e-5)


def test_pure_and_of_any_layout_in_memory():
    page = draw('bicycle')
    page.setflags(write=False)
    before = page.copy()
    first = PREPARE(page)['sketch']
    np.testing.assert_array_equal(PREPARE(page[..., ::-1])['sketch'], first)
    np.testing.assert_array_equal(PREPARE(page)['sketch'], first)
    np.testing.assert_array_equal(page, before)


def test_parameters_round_trip_through_json():
    prepare = SketchInput(size=96, stroke=3.5, margin=5, mean=(0.1, 0.2, 0.3))
    again = SketchInput(**json.loads(json.dumps(prepare.parameters())))
    assert again.parameters() == prepare.parameters()
    np.testing.assert_array_equal(again(draw('house'))['sketch'], prepare(draw('house'))['sketch'])


@pytest.mark.parametrize(
    'wrong',
    [
        {'size': 8},
        {'size': 5000},
        {'stroke': 0.1},
        {'stroke': 100},
        {'stroke': float('nan')},
        {'margin': -1},
        {'margin': 100},
        {'mean': (0, 0)},
        {'std': (0, 1, 1)},
    ],
)
def test_wrong_parameters(wrong):
    with pytest.raises(InputError, match='Cure'):
        SketchInput(**wrong)


def _noise(side):
    return np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ('wrong', 'said'),
    [
        (np.full((100, 100, 3), 255, np.uint8), 'empty page'),
        (np.zeros((100, 100, 3), np.uint8), 'empty page'),
        (on_paper(np.full((200, 200, 3), 255, np.uint8)), 'empty page'),
        (np.full((4, 4, 3), 255, np.uint8), 'at least 8 pixels'),
        (np.zeros((0, 9, 3), np.uint8), 'at least 8 pixels'),
        (np.full((64, 64, 3), np.nan, np.float32), 'uint8'),
        (np.zeros((64, 64), np.uint8), 'shape'),
        (None, 'uint8'),
    ],
)
def test_what_is_no_drawing_is_refused_with_the_cure(wrong, said):
    with pytest.raises(InputError, match=said) as caught:
        PREPARE(wrong)
    assert 'Cure' in str(caught.value)


def test_a_page_of_ink_is_refused():
    page = np.full((100, 100, 3), 255, np.uint8)
    page[5:95, 5:95] = 0
    with pytest.raises(InputError, match='% ink'):
        PREPARE(page)


def test_ink_is_measured_between_half_levels():
    for thickness in (1, 3, 6, 12):
        page = drawing_to_raster(
            [[(20, 60), (230, 60)], [(60, 20), (60, 230)]], 256, 256, thickness
        )
        drawn = float((255.0 - page[:, 200, 0]).sum()) / 255  # OpenCV's lines are wider than said
        assert find_ink(page[..., 0]).stroke == pytest.approx(drawn, abs=1.3)


def test_any_picture_gives_a_finite_tensor_or_a_cure():
    random = np.random.default_rng(3)
    for index in range(40):
        height, width = random.integers(8, 120, 2)
        kind = index % 4
        picture = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
        if kind == 1:
            picture = cv2.GaussianBlur(picture, (0, 0), 5)
        elif kind == 2:
            picture[picture > 20] = 255
        elif kind == 3:
            picture = (picture // 128) * 255
        try:
            tensor = PREPARE(picture)['sketch']
        except InputError:
            continue
        assert np.isfinite(tensor).all()


def test_of_a_full_frame_a_small_copy_is_read(monkeypatch):
    """So that it takes milliseconds."""
    read = []
    monkeypatch.setattr(
        'xsense_ros.senses.sketch_input.find_ink',
        lambda grey: read.append(grey.shape) or find_ink(grey),
    )
    PREPARE(draw('bicycle', side=900, canvas=(1080, 1920), thickness=9))
    assert read == [(288, 512)]
