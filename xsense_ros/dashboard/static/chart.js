// SPDX-License-Identifier: Apache-2.0
/** Two small charts: how long answers took, and how a rate went. */

import { svg } from './dom.js';
import { milliseconds } from './words.js';

const MARGIN = { left: 52, right: 10, top: 10, bottom: 22 };

/**
 * Draw answers as dots over time, with their times on a logarithmic scale.
 * @param {HTMLCanvasElement} canvas as large as its style says.
 * @param {Map<string, {at: number, ms: number}[]>} series by sense; `at` in milliseconds.
 * @param {number} now
 * @param {number} seconds how far back.
 */
export function drawTimes(canvas, series, now, seconds) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const all = [...series.values()].flat().map(({ ms }) => ms);
  const low = 10 ** Math.floor(Math.log10(Math.max(0.1, Math.min(10, ...all))));
  const high = 10 ** Math.ceil(Math.log10(Math.max(100, ...all)));
  const box = { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const y = (ms) => box.top + box.height * (1 - Math.log(ms / low) / Math.log(high / low));
  const x = (at) => box.left + box.width * (1 - (now - at) / (1000 * seconds));
  context.font = `12px ${style.fontFamily}`;
  context.fillStyle = style.getPropertyValue('color');
  context.strokeStyle = style.getPropertyValue('border-bottom-color');
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (let ms = low; ms <= high * 1.01; ms *= 10) {
    context.fillText(milliseconds(ms).replace('.0', ''), box.left - 8, y(ms));
    rule(context, box.left, y(ms), box.left + box.width, y(ms));
  }
  context.textBaseline = 'alphabetic';
  const step = box.width > 400 ? seconds / 4 : seconds / 2;
  for (let back = 0; back <= seconds; back += step) {
    context.textAlign = back === seconds ? 'left' : back ? 'center' : 'right';
    context.fillText(back ? `${back} s ago` : 'now', x(now - 1000 * back), height - 4);
  }
  for (const [sense, answers] of series) {
    context.fillStyle = colour(canvas, sense);
    for (const { at, ms } of answers) {
      context.beginPath();
      context.arc(x(at), y(Math.max(low, ms)), 2.6, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

/** The colour of a sense in the theme of now; a canvas does not know the page's variables. */
function colour(canvas, sense) {
  canvas.style.color = `var(--${sense})`;
  const found = getComputedStyle(canvas).color;
  canvas.style.color = '';
  return found;
}

function rule(context, fromX, fromY, toX, toY) {
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(fromX, Math.round(fromY) + 0.5);
  context.lineTo(toX, Math.round(toY) + 0.5);
  context.stroke();
}

/** A line of the last values, highest at the top; `show(values)` draws it. */
export function sparkline() {
  const path = svg('polyline', { points: '' });
  const element = svg('svg', { class: 'spark', viewBox: '0 0 100 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, path);
  const show = (values, most) => {
    const top = Math.max(...values, 1e-6);
    path.setAttribute('points', values.map((value, index) => `${100 - ((values.length - 1 - index) * 100) / (most - 1)},${22 - (20 * value) / top}`).join(' '));
  };
  return { element, show };
}
