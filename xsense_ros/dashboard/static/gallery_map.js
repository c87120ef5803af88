// SPDX-License-Identifier: Apache-2.0
/** The gallery as a map: things that are alike in a space lie close together. */

import { map, thumbnailUrl } from './api.js';
import { byId, el, setText, svg } from './dom.js';

const SIDE = 400; // of the map in its own units
const MARGIN = 26;
const PICTURES = 150; // with more things than this, dots are shown

/** The panel with the map; it stays hidden while the server has none. */
export class GalleryMap {
  #spaces = [];
  #version = -1;
  #wanted = -1;
  #offered = false;
  #open;

  /** @param {function(Object)} open called with {item_id, label} of a thing that was chosen. */
  constructor(open) {
    this.#open = open;
    byId('map-space').addEventListener('change', () => this.#draw());
  }

  /** Whether the server has maps; it may say so after the things were listed. */
  set offered(offered) {
    this.#offered = offered;
    if (this.#wanted >= 0) this.load(this.#wanted);
  }

  /** Show the map of a version of the gallery. */
  async load(version) {
    this.#wanted = version;
    if (version === this.#version || !this.#offered) return;
    this.#version = version;
    try {
      const { spaces } = await map();
      if (version !== this.#version) return;
      this.#spaces = spaces.filter(({ points }) => points.length > 2);
    } catch {
      this.#spaces = []; // a server without a map is no fault
    }
    byId('map-panel').hidden = !this.#spaces.length;
    this.#choices();
    this.#draw();
  }

  #choices() {
    const select = byId('map-space');
    const names = this.#spaces.map(({ space, modality }) => (modality ? `${space}, ${modality}` : space));
    if (names.join() === [...select.options].map(({ text }) => text).join()) return;
    const kept = select.value;
    select.replaceChildren(...names.map((name) => el('option', { text: name, value: name, selected: name === kept })));
  }

  #draw() {
    const space = this.#spaces[Math.max(0, byId('map-space').selectedIndex)];
    if (!space) return byId('map').replaceChildren();
    const many = space.points.length > PICTURES;
    const name = svg('text', { class: 'map-name', 'text-anchor': 'middle' });
    const marks = space.points.map((point) => this.#mark(point, many, name));
    return byId('map').replaceChildren(svg('svg', { viewBox: `0 0 ${SIDE} ${SIDE}`, role: 'group', 'aria-label': `Map of ${space.points.length} things` }, ...marks, name));
  }

  #mark(point, many, name) {
    const place = (share) => MARGIN + share * (SIDE - 2 * MARGIN);
    const [x, y] = [place(point.x), place(1 - point.y)];
    const mark = svg('a', { class: 'map-mark', transform: `translate(${x} ${y})`, role: 'button', tabindex: many ? -1 : 0, 'aria-label': point.label });
    mark.append(svg('circle', { r: many ? 4 : 13 }));
    if (!many) {
      const picture = svg('image', { href: thumbnailUrl(point.item_id, this.#version), x: -10, y: -10, width: 20, height: 20 });
      picture.addEventListener('error', () => picture.remove());
      mark.append(picture);
    }
    const show = () => {
      name.setAttribute('x', Math.min(SIDE - 60, Math.max(60, x)));
      name.setAttribute('y', y < 40 ? y + 30 : y - 19);
      setText(name, point.label);
    };
    for (const event of ['pointerenter', 'focus']) mark.addEventListener(event, show);
    for (const event of ['pointerleave', 'blur']) mark.addEventListener(event, () => setText(name, ''));
    mark.addEventListener('click', () => this.#open(point));
    mark.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      this.#open(point);
    });
    return mark;
  }
}
