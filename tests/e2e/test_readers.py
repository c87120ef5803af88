# SPDX-License-Identifier: Apache-2.0
"""In a real browser: dark and light, a phone, the keyboard alone, and names for screen readers."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('playwright.sync_api')

from playwright.sync_api import expect

from tests.e2e.site import DESK, PHONE, own_answer

pytestmark = pytest.mark.ros

VIEWS = ('live', 'ask', 'things', 'health')
SIZES = [DESK, {'width': 900, 'height': 700}, PHONE]
# What can be operated or is a picture and has no name of its own; tabindex and role tell it.
NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, img, [role=img]')]
  .filter((one) => one.checkVisibility() && !one.closest('[aria-hidden=true]'))
  .filter((one) => !(one.labels?.length || one.ariaLabel || one.textContent.trim() || one.title
    || one.hasAttribute('alt')))
  .map((one) => one.outerHTML)"""


def brightness(page: Any) -> float:
    """Of the paper, 0 to 255."""
    colour = page.evaluate(
        """() => { const canvas = document.createElement('canvas').getContext('2d');
          canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
          canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; }"""
    )
    return sum(colour[:3]) / 3


@pytest.mark.parametrize(('scheme', 'dark'), [('light', False), ('dark', True)])
def test_colours_follow_the_system_until_one_chooses(opened: Any, scheme: str, dark: bool) -> None:
    page = opened.open(color_scheme=scheme)
    button = page.get_by_role('button', name='Dark colours')
    expect(button).to_have_attribute('aria-pressed', str(dark).lower())
    assert (brightness(page) < 100) is dark
    button.click()
    expect(button).to_have_attribute('aria-pressed', str(not dark).lower())
    assert (brightness(page) < 100) is not dark
    page.reload()
    expect(button).to_have_attribute('aria-pressed', str(not dark).lower())


@pytest.mark.parametrize(
    'size', [DESK, {'width': 900, 'height': 700}, PHONE], ids=lambda s: s['width']
)
def test_every_view_fits_its_window_and_is_reached(opened: Any, size: dict[str, int]) -> None:
    page = opened.open(size=size)
    for view in VIEWS:
        link = page.locator(f'.views a[href="#{view}"]')
        if not link.is_visible():
            assert view == 'ask', 'on a desk one asks beside the live view'
            continue
        link.click()
        expect(link).to_have_attribute('aria-current', 'page')
        overflow = 'document.documentElement.scrollWidth - innerWidth'
        assert page.evaluate(overflow) <= 0, view
        assert page.evaluate(NAMELESS) == []
    if size == PHONE:
        box = page.locator('.views').bounding_box()
        assert box['y'] + box['height'] == pytest.approx(size['height'], abs=1)


def test_the_keyboard_alone_draws_asks_and_remembers(page: Any) -> None:
    page.keyboard.press('Tab')
    expect(page.get_by_role('link', name='Skip to content')).to_be_focused()
    page.get_by_role('tab', name='Draw').focus()
    page.keyboard.press('ArrowRight')
    expect(page.get_by_role('tab', name='Write')).to_be_focused()
    expect(page.get_by_role('tabpanel', name='Write')).to_be_visible()
    page.keyboard.press('ArrowLeft')
    page.keyboard.press('Tab')
    expect(page.locator('#pad')).to_be_focused()
    # A flat box, from the middle of the sheet.
    page.keyboard.press('Space')
    for key, steps in (('Right', 14), ('Down', 9), ('Left', 28), ('Up', 9), ('Right', 14)):
        for _ in range(steps):
            page.keyboard.press(f'Arrow{key}')
    page.keyboard.press('Enter')
    answer = own_answer(page)
    expect(answer.locator('.answer-label')).to_have_text('red')
    remember = answer.get_by_role('button', name='Remember this as a thing')
    for _ in range(8):
        if remember.evaluate('button => button === document.activeElement'):
            break
        page.keyboard.press('Tab')
    page.keyboard.press('Enter')
    dialog = page.get_by_role('dialog')
    expect(dialog.get_by_label('Name')).to_be_focused()
    page.keyboard.press('Escape')
    expect(dialog).to_be_hidden()
    expect(remember).to_be_focused()


def test_nothing_moves_for_those_who_want_no_motion(opened: Any) -> None:
    page = opened.open(reduced_motion='reduce')
    moving = """() => [...document.querySelectorAll('*')].filter((one) =>
      parseFloat(getComputedStyle(one).transitionDuration) > 0).length"""
    assert page.evaluate(moving) == 0


def test_what_is_answered_and_told_is_announced(page: Any) -> None:
    expect(page.locator('#announcer')).to_have_attribute('aria-live', 'polite')
    expect(page.locator('#link')).to_have_attribute('role', 'status')
    for name in ('Senses', 'Answers', 'Ask'):
        expect(page.get_by_role('region', name=name)).to_be_visible()
