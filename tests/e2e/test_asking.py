# SPDX-License-Identifier: Apache-2.0
"""In a real browser: what is drawn, written or dropped finds its thing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.toy import toy_image, toy_sound
from xsense_ros.dashboard.uploads import wav

pytest.importorskip('playwright.sync_api')

from playwright.sync_api import expect

from tests.e2e.site import PHONE, draw, drop, file, own_answer, picture

pytestmark = pytest.mark.ros


def test_a_sketch_drawn_with_the_mouse_finds_its_thing(page: Any) -> None:
    word = 'red'
    draw(page, word)
    answer = own_answer(page)
    expect(answer.locator('.answer-label')).to_have_text(word)
    expect(answer.locator('.verdict')).to_have_text('recognised')
    expect(answer).to_contain_text('sketch-photo')
    expect(answer.get_by_role('meter', name=f'probability of {word}')).to_be_visible()
    expect(answer.locator('.answer-picture img')).to_have_js_property('complete', True)
    assert answer.locator('.answer-picture img').evaluate('image => image.naturalWidth') > 0
    expect(page.locator('#announcer')).to_contain_text(f'Answer: {word}')


def test_a_stroke_is_taken_back_and_a_new_sheet_begun(page: Any) -> None:
    draw(page, 'blue')
    expect(own_answer(page).locator('.answer-label')).to_have_text('blue')
    for name in ('Undo stroke', 'Undo stroke'):
        page.get_by_role('button', name=name).click()
    expect(page.get_by_role('button', name='Clear')).to_be_disabled()
    draw(page, 'green')
    expect(own_answer(page).locator('.answer-label')).to_have_text('green')
    page.get_by_role('button', name='Clear').click()
    expect(page.locator('#pad-ask')).to_be_disabled()


def test_a_finger_draws_on_a_phone(opened: Any) -> None:
    page = opened.open('ask', size=PHONE, is_mobile=True, has_touch=True)
    pad = page.locator('#pad')
    box = pad.bounding_box()
    side = 0.8 * box['height']
    left, top = box['x'] + 20, box['y'] + 20
    corners = [(0, 0.35), (1, 0.35), (1, 0.65), (0, 0.65), (0, 0.35)]
    places = [(left + side * x, top + side * y) for x, y in corners]
    session = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(
        ('touchStart', *('touchMove',) * 4, 'touchEnd'), [*places, places[-1]], strict=True
    ):
        points = [] if kind == 'touchEnd' else [{'x': x, 'y': y}]
        session.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': points})
    expect(own_answer(page).locator('.answer-label')).to_have_text('red')


def test_a_written_word_finds_its_thing(page: Any) -> None:
    page.get_by_role('tab', name='Write').click()
    page.get_by_label('A word or a sentence').fill('the blue ball')
    page.keyboard.press('Enter')
    answer = own_answer(page)
    expect(answer.locator('.answer-label')).to_have_text('blue')
    expect(answer.locator('.question')).to_have_text('the blue ball')


def test_a_dropped_picture_finds_its_thing(page: Any) -> None:
    drop(page, '.ask', [file('g.png', 'image/png', picture(toy_image('green', seed=5)))])
    expect(own_answer(page).locator('.answer-label')).to_have_text('green')
    expect(own_answer(page).get_by_role('img', name='g.png')).to_be_visible()


def test_a_chosen_sound_finds_its_thing(page: Any) -> None:
    page.get_by_role('tab', name='Picture or sound').click()
    sound = file('tone.wav', 'audio/wav', wav(toy_sound('red')))
    page.get_by_label('Choose a file').set_input_files(sound)
    expect(own_answer(page).locator('.answer-label')).to_have_text('red')
    expect(own_answer(page).locator('.question')).to_have_text('tone.wav')


def test_what_cannot_be_asked_is_refused_in_words(page: Any, opened: Any) -> None:
    drop(page, '.ask', [file('notes.txt', 'text/plain', b'hello')])
    expect(page.get_by_role('alert')).to_contain_text('notes.txt')
    opened.expected = ['status of 4']  # the browser's own note of the server's refusal
    drop(page, '.ask', [file('broken.png', 'image/png', b'\x89PNG\r\n\x1a\nnothing')])
    expect(page.get_by_role('alert').last).to_contain_text('picture')
    expect(own_answer(page)).to_have_count(0)


def test_an_asked_drawing_is_remembered_as_a_new_thing(page: Any, site: Any) -> None:
    site.tidy()
    draw(page, 'blue')
    own_answer(page).get_by_role('button', name='Remember this as a thing').click()
    dialog = page.get_by_role('dialog')
    expect(dialog).to_contain_text('with the drawing that you asked')
    dialog.get_by_label('Name').fill('a cross')
    page.keyboard.press('Enter')
    notice = page.get_by_role('status').filter(has_text='is remembered')
    expect(notice).to_contain_text('a cross')
    notice.get_by_role('button', name='Undo').click()
    expect(page.get_by_role('status').filter(has_text='Taken back')).to_be_visible()
    expect(page.locator('#count')).to_have_text('3')
