// SPDX-License-Identifier: Apache-2.0
/** Where the matcher sees its templates: boxes above a frame, in the frame's own pixels. */

import { el, setText, svg } from './dom.js';
import { percent } from './words.js';

const KEPT_SECONDS = 2.5;

/** The boxes of one frame. */
export class Boxes {
  #shown = new Map();
  #width = 0;
  #sought = el('li', { hidden: true });

  /** @param {boolean} named whether it tells what is found and what is looked for. */
  constructor(named) {
    this.picture = svg('svg', { class: 'boxes', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    this.list = el('ul', { class: 'sightings', 'aria-label': 'What is looked for', hidden: !named }, this.#sought);
    this.element = el('div', { class: 'overlay' }, this.picture, this.list);
  }

  /** The size of the frame in pixels. */
  size(width, height) {
    if (width === this.#width) return;
    this.#width = width;
    this.picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  }

  /** A template was looked for: `box` is where, if it was found. */
  show(sighting, box) {
    const { template_id: id, found, score, reason, temperature } = sighting;
    let mark = this.#shown.get(id);
    if (!mark) {
      mark = { box: svg('rect', { rx: 2 }), word: el('li') };
      for (const part of [mark.box, mark.word]) part.dataset.number = this.#shown.size % 4;
      this.picture.append(mark.box);
      this.list.insertBefore(mark.word, this.#sought);
      this.#shown.set(id, mark);
    }
    mark.at = performance.now();
    mark.found = found;
    mark.reason = reason;
    mark.box.toggleAttribute('hidden', !found || !box);
    if (found && box) for (const side of ['x', 'y', 'width', 'height']) mark.box.setAttribute(side, box[side]);
    const warmth = Number.isFinite(temperature) ? `, ${temperature.toFixed(1)} °C` : '';
    mark.word.hidden = !found;
    setText(mark.word, `${id} ${percent(score)}${warmth}`);
    this.#count();
  }

  /** What is not found is counted only: its words would hide the picture. */
  #count() {
    const sought = [...this.#shown].filter(([, { found }]) => !found);
    this.#sought.hidden = !sought.length;
    if (!sought.length) setText(this.#sought, '');
    else setText(this.#sought, sought.length === 1 ? `looking for ${sought[0][0]}` : `looking for ${sought.length} more`);
    this.#sought.title = sought.map(([id, { reason }]) => `${id}: ${reason}`).join('\n');
  }

  /** Take away what was not looked for in a while. */
  look(now) {
    for (const [id, mark] of this.#shown) {
      if (now - mark.at < KEPT_SECONDS * 1000) continue;
      mark.box.remove();
      mark.word.remove();
      this.#shown.delete(id);
      this.#count();
    }
  }
}
