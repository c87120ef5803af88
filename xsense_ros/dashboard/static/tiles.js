// SPDX-License-Identifier: Apache-2.0
/** What each sense perceives now: one tile a sense, drawn as fast as this page can, and no faster. */

import { Boxes } from './boxes.js';
import { el, icon, iconButton, setAttribute, setText } from './dom.js';

const QUIET_SECONDS = 3;
const KEPT = 8; // small copies of the last frames, so that an answer shows the frame that was asked
const COPY = 144; // pixels
const ICONS = { camera: 'image', touch: 'touch', infrared: 'infrared', spectrogram: 'sound', sketch: 'sketch' };
const NAMES = {
  camera: 'Camera', touch: 'Touch', visible: 'Visible light', infrared: 'Heat', sound: 'Microphone', impact: 'Knocks', sketch: 'Drawing',
};
// What is seldom sent stays true until the next: it is not called quiet.
const SELDOM = 'sketch';
// Which tile shows what a question of each sense was about.
const ASKED_FROM = { image: 'camera', touch: 'touch', sound: 'sound', impact: 'impact', sketch: 'sketch' };

/** Columns and rows of the frame that a tile was made from. */
const size = ({ source, width, height }) => source ?? [width, height];

/** One tile: picture, boxes, and a line that tells what it is. */
class Tile {
  constructor(name, kind, topic) {
    this.name = name;
    this.kind = kind;
    this.title = NAMES[name] ?? name;
    this.copies = Object.values(ASKED_FROM).includes(name) ? [] : null;
    this.drawnAt = 0;
    this.header = null;
    this.canvas = el('canvas', { width: 4, height: 3, role: 'img', 'aria-label': this.title });
    this.boxes = new Boxes(kind === 'infrared');
    this.badge = el('span', { class: 'badge', hidden: true });
    this.scale = el('div', { class: 'scale', hidden: true }, el('span'), el('i'), el('span'));
    this.note = el('span', { class: 'soft' });
    const enlarge = iconButton('expand', `Enlarge ${this.title}`, () => {
      const large = this.element.classList.toggle('large');
      enlarge.setAttribute('aria-pressed', large);
    });
    enlarge.setAttribute('aria-pressed', false);
    this.picture = el('div', { class: 'tile-picture' }, this.canvas, this.boxes.element, this.badge, this.scale, enlarge);
    this.element = el(
      'figure',
      { class: 'tile', 'data-kind': kind, 'data-tile': name, hidden: true },
      this.picture,
      el('figcaption', { title: topic }, icon(name === 'impact' ? 'impact' : ICONS[kind] ?? 'live'), el('b', { text: this.title }), this.note),
    );
  }

  draw(header, bitmap) {
    if (this.canvas.width !== bitmap.width || this.canvas.height !== bitmap.height) {
      this.canvas.width = bitmap.width;
      this.canvas.height = bitmap.height;
    }
    this.canvas.getContext('2d').drawImage(bitmap, 0, 0);
    this.element.hidden = false;
    this.header = header;
    this.drawnAt = performance.now();
    if (this.copies) this.#keep(header.stamp);
    this.boxes.size(...size(header));
    this.element.removeAttribute('data-quiet');
    this.#describe(header);
  }

  /** A small copy of the frame of a time, or of the nearest that there is; null where there is none. */
  copyOf(stamp) {
    // A spectrogram holds seconds: the newest shows all that was asked.
    const timed = Number.isFinite(stamp) && this.kind !== 'spectrogram';
    const distance = (copy) => (timed ? Math.abs(copy.stamp - stamp) : 0);
    return this.copies.reduce((best, copy) => (best && distance(best) < distance(copy) ? best : copy), null)?.picture ?? null;
  }

  #keep(stamp) {
    const { width, height } = this.canvas;
    const share = Math.min(1, COPY / Math.max(width, height));
    const picture = el('canvas', { width: Math.max(1, Math.round(width * share)), height: Math.max(1, Math.round(height * share)), role: 'img', 'aria-label': 'what was asked' });
    picture.getContext('2d').drawImage(this.canvas, 0, 0, picture.width, picture.height);
    this.copies.push({ stamp, picture });
    if (this.copies.length > KEPT) this.copies.shift();
  }

  /** Say so where no frame has come for a while. */
  look(now) {
    const seconds = (now - this.drawnAt) / 1000;
    const quiet = seconds > QUIET_SECONDS && this.kind !== SELDOM;
    setAttribute(this.element, 'data-quiet', quiet ? '' : null);
    if (quiet) setText(this.note, `quiet for ${Math.round(seconds)} s`);
    this.boxes.look(now);
  }

  #describe(header) {
    this.badge.hidden = !header.note;
    setText(this.badge, header.note ?? '');
    if (header.kind === 'infrared') this.#temperatures(header);
    else if (header.kind === 'spectrogram' && header.seconds) {
      const top = header.hertz ? `0–${Math.round(header.hertz[1] / 100) / 10} kHz, ` : '';
      setText(this.note, `${top}last ${header.seconds} s`);
    } else setText(this.note, header.kind === 'touch' ? 'against no contact' : size(header).join(' × '));
  }

  #temperatures(header) {
    const { celsius } = header;
    const [low, , high] = this.scale.children;
    this.scale.hidden = false;
    setText(low, celsius ? `${celsius[0].toFixed(1)} °C` : 'cold');
    setText(high, celsius ? `${celsius[1].toFixed(1)} °C` : 'warm');
    setText(this.note, celsius ? size(header).join(' × ') : 'scale not known');
  }
}

/** All tiles. */
export class Tiles {
  #grid;
  #connection;
  #tiles = new Map();
  #held = null;
  #waiting = el('p', { class: 'soft small', id: 'waiting' });

  /**
   * @param {HTMLElement} grid where they go.
   * @param {Connection} connection gives the frames, and is told when one was drawn.
   */
  constructor(grid, connection) {
    this.#grid = grid;
    this.#connection = connection;
    connection.addEventListener('hello', ({ detail }) => this.#announce(detail.senses ?? []));
    connection.addEventListener('tile', ({ detail }) => this.#take(detail));
    connection.addEventListener('sighting', ({ detail }) => this.#sighting(detail));
    setInterval(() => this.#look(), 1000);
    grid.after(this.#waiting);
  }

  /**
   * Hold frames back, without giving up to hear them, or let them come again: the server counts
   * what it hears, and encodes what is acknowledged only.
   */
  set holding(holding) {
    if (holding) this.#held ??= new Set();
    else if (this.#held) {
      const held = this.#held;
      this.#held = null;
      for (const name of held) this.#connection.acknowledge(name);
    }
  }

  /** Names of all tiles. */
  get names() {
    return [...this.#tiles.keys()];
  }

  /** A small picture of what a sense was asked with at a time; null where its tile shows nothing now. */
  snapshot(modality, stamp) {
    const tile = this.#tiles.get(ASKED_FROM[modality]);
    return tile && !('quiet' in tile.element.dataset) ? tile.copyOf(stamp) : null;
  }

  #announce(senses) {
    const pictured = senses.filter(({ kind }) => kind in ICONS);
    for (const { name, kind, topic } of pictured) this.#tile(name, kind, topic);
    const known = new Set(pictured.map(({ name }) => name));
    for (const [name, tile] of this.#tiles) {
      if (known.has(name)) continue;
      tile.element.remove();
      this.#tiles.delete(name);
    }
    this.#tell();
    this.dispatch();
  }

  /** Called whenever the set of tiles has changed; the page replaces it. */
  dispatch() {}

  #tile(name, kind, topic = '') {
    let tile = this.#tiles.get(name);
    if (!tile) {
      tile = new Tile(name, kind, topic);
      this.#tiles.set(name, tile);
      this.#grid.append(tile.element);
    }
    return tile;
  }

  async #take({ header, jpeg }) {
    const tile = this.#tile(header.tile, header.kind);
    try {
      const bitmap = await createImageBitmap(jpeg);
      tile.draw(header, bitmap);
      bitmap.close();
      this.#tell();
    } catch {
      setText(tile.note, 'a frame that cannot be shown');
    } finally {
      if (this.#held) this.#held.add(header.tile);
      else this.#connection.acknowledge(header.tile);
    }
  }

  /** Name the senses of which nothing has come yet. */
  #tell() {
    const silent = [...this.#tiles.values()].filter(({ header }) => !header).map(({ title }) => title);
    const none = silent.length === this.#tiles.size;
    this.#grid.querySelector('.empty').hidden = !none;
    setText(this.#waiting, silent.length && !none ? `Nothing yet: ${silent.join(', ')}` : '');
  }

  #sighting(sighting) {
    this.#tiles.get('visible')?.boxes.show(sighting, sighting.box_visible);
    this.#tiles.get('infrared')?.boxes.show(sighting, sighting.box_infrared);
  }

  #look() {
    const now = performance.now();
    for (const tile of this.#tiles.values()) tile.look(now);
  }
}
