# SPDX-License-Identifier: Apache-2.0
"""In a real browser: what is sensed is seen, and the page comes back when the nodes do."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('playwright.sync_api')

from playwright.sync_api import expect
from xsense_ros.msg import Box, HeterologousMatch

from tests.e2e.site import draw, own_answer
from tests.ros.harness import image_message
from tests.ros.matching import counts_message
from tests.ros.repeating import repeating
from tests.toy import toy_image

pytestmark = pytest.mark.ros

IS_BLUE = """() => {
  const paper = document.querySelector('[data-tile=camera] canvas').getContext('2d');
  const [red, , blue] = paper.getImageData(9, 9, 1, 1).data;
  return blue > 150 && red < 150;
}"""
# Both at one moment: a tile that comes beside them moves what is there.
PLACES = """frame => ['div', 'rect'].map((one) => {
  const { x, width } = (one === 'div' ? frame : frame.querySelector(one)).getBoundingClientRect();
  return { x, width };
})"""


def test_a_camera_is_seen_and_answered(page: Any, site: Any) -> None:
    operator = site.operator
    publish = lambda: operator.publish('camera/image', operator.image('blue'), reliable=False)  # noqa: E731
    with repeating(publish, 0.1):
        tile = page.locator('[data-tile=camera] canvas')
        expect(tile).to_be_visible()
        page.wait_for_function(IS_BLUE)
        card = page.locator('#answers article[data-sense=image]')
        expect(card.locator('.answer-label')).to_have_text('blue')
        expect(card.locator('.verdict')).to_have_text('recognised')
        expect(card.locator('.question canvas')).to_be_visible()  # what was asked
        expect(card.get_by_role('img', name='encode')).to_be_visible()  # what it cost
        card.get_by_role('button', name='Remember what it sees now').click()
        box = page.get_by_role('dialog').get_by_role('checkbox', name='what it sees')
        expect(box).to_be_checked()
        page.keyboard.press('Escape')


def test_boxes_lie_where_the_matcher_has_found_them(page: Any, site: Any) -> None:
    operator = site.operator
    visible = image_message(toy_image('red'), operator.header('visible'))  # 64 x 48
    counts = toy_image('red')[..., 0].astype('uint16') * 20
    infrared = counts_message(counts, operator.header('infrared'))
    found = HeterologousMatch(
        header=operator.header('infrared'),
        template_id='<b>cup</b>',
        found=True,
        score=0.93,
        mode='window',
        box_visible=Box(x=16.0, y=12.0, width=32.0, height=24.0),
        box_infrared=Box(x=0.0, y=0.0, width=32.0, height=24.0),
        temperature=36.5,
    )

    def publish() -> None:
        operator.publish('visible/image', visible, reliable=False)
        operator.publish('infrared/image', infrared, reliable=False)
        operator.publish('heterologous_matches', found)

    with repeating(publish, 0.1):
        frame = page.locator('[data-tile=visible] .tile-picture')
        box = frame.locator('rect')
        expect(box).to_be_visible()
        outer, inner = frame.evaluate(PLACES)
        assert inner['x'] == pytest.approx(outer['x'] + outer['width'] / 4, abs=4)
        assert inner['width'] == pytest.approx(outer['width'] / 2, abs=8)
        heat = page.locator('[data-tile=infrared]')
        expect(heat.locator('rect')).to_be_visible()
        expect(heat.get_by_role('list')).to_have_text('<b>cup</b> 93 %, 36.5 °C')
        expect(heat).to_contain_text('warm')  # counts without a scale are not called degrees


def test_health_tells_nodes_topics_and_diagnostics(opened: Any, site: Any) -> None:
    page = opened.open('health')
    node = page.locator('#nodes li').filter(has_text='retrieval')
    expect(node).to_contain_text('active')
    operator = site.operator
    with repeating(lambda: operator.publish('text', operator.text('red')), 0.1):
        expect(page.locator('#latency tbody')).to_contain_text('Reads')
        expect(page.locator('#rates tbody')).to_contain_text('text')
    parts = page.locator('#diagnostics .well')
    parts.locator('summary').first.click()
    expect(parts).to_contain_text('gallery')


def test_it_goes_on_when_the_robot_comes_back(page: Any, site: Any, opened: Any) -> None:
    opened.expected = ['status of 5']
    site.stop_robot()
    try:
        draw(page, 'red')
        expect(page.get_by_role('alert').last).to_be_visible()
        page.get_by_role('link', name='Things').click()
        page.get_by_label('Find by name').fill('red')
        expect(page.locator('#items-empty')).to_contain_text('Cure')
    finally:
        site.start_robot(site.namespace)
    site.await_answers()
    expect(page.locator('#items > li')).to_have_count(1)  # by itself
    page.get_by_role('link', name='Live').first.click()
    page.get_by_role('button', name='Clear').click()
    draw(page, 'green')
    expect(own_answer(page).locator('.answer-label')).to_have_text('green')


def test_it_connects_again_when_the_dashboard_comes_back(
    page: Any, site: Any, opened: Any
) -> None:
    opened.expected = ['ERR_CONNECTION', 'WebSocket']
    port = site.dashboard.node.server.port
    site.stop_dashboard()
    expect(page.locator('#link')).not_to_have_text('live')
    site.start_dashboard(port)
    expect(page.locator('#link')).to_have_text('live')
    draw(page, 'green')
    expect(own_answer(page).locator('.answer-label')).to_have_text('green')
