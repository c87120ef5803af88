# SPDX-License-Identifier: Apache-2.0
"""In a real browser: what is drawn, written or dropped finds its thing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ros.repeating import repeating
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


def test_a_drawing_and_a_text_are_asked_together_and_answered_once(page: Any) -> None:
    draw(page, 'red')
    alone = own_answer(page)
    expect(alone.locator('.answer-label')).to_have_text('red')
    several = page.get_by_role('checkbox', name='Ask with several senses at once')
    several.check()
    parts = page.get_by_role('list', name='Parts of the question')
    expect(parts.get_by_role('listitem')).to_have_text(['drawing'])  # what was asked last
    page.get_by_role('tab', name='Write').click()
    page.get_by_label('A word or a sentence').fill('the red ball')
    page.keyboard.press('Enter')
    expect(parts.get_by_role('listitem')).to_have_text(['drawing', '“the red ball”'])
    expect(page.locator('#announcer')).to_have_text(
        'Added: “the red ball”. The question has 2 parts.'
    )
    expect(page.get_by_label('A word or a sentence')).to_be_focused()
    asked = []
    page.on('request', lambda request: asked.append(request.url))
    page.get_by_role('button', name='Ask together').click()
    expect(alone.locator('.hint')).to_contain_text('drawing + text, answered as one')
    expect(alone.locator('.answer-label')).to_have_text('red')
    expect(alone.locator('.question')).to_contain_text('the red ball')
    expect(alone.locator('.question').get_by_role('img', name='your drawing')).to_be_visible()
    assert len([url for url in asked if url.endswith('api/query')]) == 1
    # A part that is left out, with the keyboard; it stays where it was.
    page.get_by_role('button', name='Leave out: drawing').focus()
    page.keyboard.press('Enter')
    expect(parts.get_by_role('listitem')).to_have_text(['“the red ball”'])
    expect(page.get_by_role('button', name='Leave out: “the red ball”')).to_be_focused()
    page.keyboard.press('Enter')
    expect(several).to_be_focused()
    expect(page.locator('#parts-ask')).to_be_disabled()


def test_dropped_files_and_what_is_seen_now_are_one_question(
    page: Any, opened: Any, site: Any
) -> None:
    opened.expected = ['status of 4']
    picture_of_green = file('g.png', 'image/png', picture(toy_image('green', seed=5)))
    drop(page, '.ask', [picture_of_green, file('g.wav', 'audio/wav', wav(toy_sound('green')))])
    parts = page.get_by_role('list', name='Parts of the question').get_by_role('listitem')
    expect(parts).to_have_text(['g.png (picture)', 'g.wav (sound)'])
    page.get_by_role('tab', name='Now').click()
    page.get_by_role('button', name='the last knock', exact=True).click()
    page.get_by_role('button', name='Ask together').click()
    problem = page.locator('#parts-problem')
    expect(problem).to_contain_text('impact')
    expect(problem).to_contain_text('Cure')
    expect(own_answer(page)).to_have_count(0)
    page.get_by_role('button', name='Leave out: the last knock').click()
    expect(problem).to_be_empty()
    operator = site.operator
    message = operator.image('green', 5)
    with repeating(lambda: operator.publish('camera/image', message, reliable=False)):
        # One picture makes room for the other.
        page.get_by_role('button', name='what it sees', exact=True).click()
        expect(parts).to_have_text(['what it sees', 'g.wav (sound)'])
        # Until it is this picture that the robot has seen last.
        seen = page.locator('#answers article[data-sense=image] .answer-label')
        expect(seen).to_have_text('green')
    page.get_by_role('button', name='Ask together').click()
    answer = own_answer(page)
    expect(answer.locator('.hint')).to_contain_text('picture + sound, answered as one')
    expect(answer.locator('.answer-label')).to_have_text('green')
    answer.get_by_role('button', name='Remember this as a thing').click()
    dialog = page.get_by_role('dialog')
    expect(dialog).to_contain_text('with the sound that you asked')
    expect(dialog.get_by_role('checkbox', name='what it sees')).to_be_checked()
    page.keyboard.press('Escape')


def test_several_senses_fit_a_phone(opened: Any) -> None:
    page = opened.open('ask', size=PHONE, is_mobile=True, has_touch=True)
    page.get_by_role('checkbox', name='Ask with several senses at once').check()
    page.get_by_role('tab', name='Write').click()
    page.get_by_label('A word or a sentence').fill('a blue ball ' * 20)
    page.locator('#text-ask').tap()
    page.get_by_role('tab', name='Now').click()
    page.get_by_role('button', name='what it sees', exact=True).tap()
    parts = page.get_by_role('list', name='Parts of the question').get_by_role('listitem')
    expect(parts).to_have_count(2)
    for button in parts.get_by_role('button').all():
        assert min(button.bounding_box()[side] for side in ('width', 'height')) >= 32
    wide = """card => [...card.querySelectorAll('*')].filter((one) => one.checkVisibility()
      && one.getBoundingClientRect().right > card.getBoundingClientRect().right).length"""
    for name in ('Draw', 'Write', 'Picture or sound', 'Now'):
        page.get_by_role('tab', name=name).tap()
        expect(page.get_by_role('tabpanel', name=name)).to_be_visible()
        assert page.locator('.ask-card').evaluate(wide) == 0, name


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
