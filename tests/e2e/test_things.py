# SPDX-License-Identifier: Apache-2.0
"""In a real browser: things are remembered, renamed, forgotten, and every change is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.toy import toy_image, toy_sound
from xsense_ros.dashboard.uploads import wav

pytest.importorskip('playwright.sync_api')

from playwright.sync_api import expect

from tests.e2e.site import draw, file, own_answer, picture

pytestmark = pytest.mark.ros

# What would do harm if any of it were taken for more than text.
HOSTILE = '<script>document.title="bad"</script> ../\u202eč/ö “q” & <img src=x onerror=alert(1)>'


@pytest.fixture
def things(opened: Any, site: Any) -> Any:
    """The view of what is remembered: red, green and blue."""
    site.tidy()
    page = opened.open('things')
    expect(page.locator('#items > li')).to_have_count(3)
    return page


def remember(page: Any, name: str, *files: Any) -> None:
    page.get_by_role('button', name='New thing').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('Name').fill(name)
    dialog.get_by_label('Choose files').set_input_files(list(files))
    expect(dialog.get_by_role('list', name='Chosen files').locator('li')).to_have_count(len(files))
    dialog.get_by_role('button', name='Remember').click()
    expect(dialog).to_be_hidden()


def card(page: Any, name: str) -> Any:
    return page.locator('#items').get_by_role('button', name=name)


def undo(page: Any) -> None:
    page.get_by_role('button', name='Undo last change').click()


def test_enrol_rename_forget_and_everything_back(things: Any) -> None:
    page = things
    remember(
        page,
        'a leaf',
        file('leaf.png', 'image/png', picture(toy_image('green', seed=8))),
        file('leaf.wav', 'audio/wav', wav(toy_sound('green'))),
    )
    expect(card(page, 'a leaf')).to_contain_text('2 views')
    card(page, 'a leaf').click()
    dialog = page.get_by_role('dialog')
    views = dialog.get_by_role('list', name='Views')
    expect(views.get_by_role('img', name='picture 1 of a leaf')).to_be_visible()
    expect(views.locator('audio')).to_be_visible()

    dialog.get_by_label('Name').fill('a tree')
    dialog.get_by_role('button', name='Rename').click()
    expect(card(page, 'a tree')).to_be_visible()

    card(page, 'a tree').click()
    more = file('tree.png', 'image/png', picture(toy_image('green', seed=9)))
    dialog.get_by_label('Choose files').set_input_files(more)
    dialog.get_by_role('button', name='Add views').click()
    expect(card(page, 'a tree')).to_contain_text('3 views')

    card(page, 'a tree').click()
    dialog.get_by_role('button', name='Forget this thing').click()
    expect(page.locator('#items > li')).to_have_count(3)
    forgotten = page.get_by_role('status').filter(has_text='is forgotten')
    forgotten.get_by_role('button', name='Undo').click()
    expect(card(page, 'a tree')).to_contain_text('3 views')

    undo(page)
    expect(card(page, 'a tree')).to_contain_text('2 views')
    undo(page)
    expect(card(page, 'a leaf')).to_be_visible()
    undo(page)
    expect(page.locator('#items > li')).to_have_count(3)
    expect(page.locator('#count')).to_have_text('3')


def test_a_change_is_seen_in_every_window(things: Any, opened: Any) -> None:
    other = opened.open('things')
    remember(things, 'a stone', file('s.png', 'image/png', picture(toy_image('red', seed=4))))
    expect(card(other, 'a stone')).to_be_visible()
    undo(other)
    expect(card(things, 'a stone')).to_have_count(0)


def test_a_hostile_name_is_shown_as_text_everywhere(things: Any, site: Any) -> None:
    page = things
    before = page.title()
    name = HOSTILE.replace('\u202e', '')  # what does not print is left out
    remember(page, HOSTILE, file('x.png', 'image/png', picture(toy_image('blue', seed=3))))
    hostile = page.locator('#items > li').filter(has_text='onerror')
    expect(hostile.locator('.name')).to_have_text(name)
    hostile.get_by_role('button').click()
    dialog = page.get_by_role('dialog')
    expect(dialog.get_by_role('heading', level=2)).to_have_text(name)
    expect(dialog.get_by_label('Name')).to_have_value(name)
    dialog.get_by_role('button', name='Close').click()
    page.get_by_role('link', name='Live').first.click()
    draw(page, 'blue')
    expect(own_answer(page)).to_contain_text('onerror')
    assert page.title() == before
    assert page.locator('main script, main img[src="x"]').count() == 0
    page.get_by_role('link', name='Things').click()
    undo(page)
    expect(page.locator('#items > li')).to_have_count(3)


def test_a_name_that_is_refused_is_explained(things: Any, opened: Any) -> None:
    opened.expected = ['status of 400']
    things.get_by_role('button', name='New thing').click()
    dialog = things.get_by_role('dialog')
    dialog.get_by_label('Name').fill('\u202e')
    dialog.get_by_label('Choose files').set_input_files(
        file('x.png', 'image/png', picture(toy_image('blue')))
    )
    dialog.get_by_role('button', name='Remember').click()
    expect(things.get_by_role('alert')).to_contain_text('label')
    expect(dialog).to_be_visible()  # nothing that was chosen is lost
    things.keyboard.press('Escape')


def test_things_are_found_by_name(things: Any) -> None:
    things.get_by_label('Find by name').fill('gre')
    expect(things.locator('#items > li')).to_have_count(1)
    expect(card(things, 'green')).to_be_visible()
    things.get_by_label('Find by name').fill('zzz')
    expect(things.get_by_text('Nothing is called “zzz”.')).to_be_visible()


def test_things_lie_on_a_map_and_are_opened_from_it(things: Any) -> None:
    marks = things.get_by_role('group', name='Map of 3 things').get_by_role('button')
    expect(marks).to_have_count(3)
    marks.first.press('Enter')
    expect(things.get_by_role('dialog').get_by_role('heading', level=2)).to_have_text('red')
