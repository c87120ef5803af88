// SPDX-License-Identifier: Apache-2.0
/** How everything fares: times, rates, nodes, engines and diagnostics. */

import { drawTimes, sparkline } from './chart.js';
import { byId, el, icon, setAttribute, setText } from './dom.js';
import { SENSES, asks, leading, milliseconds, percentiles } from './words.js';

const SECONDS = 120; // of answers that are kept
const RATES = 60; // of values that a sparkline shows
const LEVELS = ['good', 'warn', 'bad', 'stale'];
const LEVEL_NAMES = ['well', 'warning', 'error', 'stale'];
const MISSING = 'missing';
const NODE_LEVELS = { active: 'good', inactive: 'warn', unconfigured: 'warn', 'not running': 'none' };

/** The view `health`, and the pill that sums it up. */
export class Health {
  #answers = new Map();
  #rates = new Map();
  #rows = new Map();
  #parts = new Map();
  #told = '';
  #seen = new Set();
  #canvas = el('canvas', { class: 'times', role: 'img', 'aria-label': 'Time to answer over the last two minutes; the table tells the figures' });
  visible = false;

  /** @param {Connection} connection */
  constructor(connection) {
    this.#times = table(['sense', 'per minute', 'p50', 'p95']);
    byId('latency').append(this.#canvas, this.#times.element);
    this.#topics = table(['topic', 'Hz', '', 'p50', 'p95', 'dropped']);
    byId('rates').append(this.#topics.element);
    this.#nodes = el('ul', { class: 'parts' });
    byId('nodes').append(this.#nodes);
    byId('diagnostics').append(this.#faulty, this.#well);
    connection.addEventListener('answer', ({ detail }) => this.#note(detail));
    connection.addEventListener('rates', ({ detail }) => this.#count(detail.topics ?? {}));
    connection.addEventListener('state', ({ detail }) => this.#take(detail));
    connection.addEventListener('link', ({ detail }) => detail.level === 'good' || (byId('wellbeing').hidden = true));
    setInterval(() => this.show(), 1000);
    addEventListener('theme', () => this.show());
  }

  #times;
  #topics;
  #nodes;
  #faulty = el('div', { class: 'statuses' });
  #well = el('details', { class: 'well', hidden: true }, el('summary'), el('div', { class: 'statuses' }));

  /** Draw what changes with time, where it is looked at. */
  show() {
    const now = performance.now();
    for (const [sense, kept] of this.#answers) this.#answers.set(sense, kept.filter(({ at }) => now - at < 1000 * SECONDS));
    if (!this.visible) return;
    const series = new Map();
    for (const [modality, kept] of this.#answers) series.set(leading(modality), [...(series.get(leading(modality)) ?? []), ...kept]);
    drawTimes(this.#canvas, series, now, SECONDS);
    const order = [...this.#answers.keys()].sort((one, other) => SENSES.indexOf(leading(one)) - SENSES.indexOf(leading(other)));
    this.#times.fill(order.map((modality) => {
      const kept = this.#answers.get(modality);
      const { p50, p95 } = percentiles(kept.map(({ ms }) => ms));
      const minute = kept.filter(({ at }) => now - at < 60_000).length;
      return [modality, [el('span', { class: 'row tight', 'data-sense': leading(modality) }, icon(leading(modality)), asks(modality)), String(minute), milliseconds(p50), milliseconds(p95)]];
    }), 'No answer in the last two minutes.');
    this.#showRates();
  }

  #note({ query_modality: modality, ms }) {
    if (!Number.isFinite(ms?.total)) return;
    if (!this.#answers.has(modality)) this.#answers.set(modality, []);
    this.#answers.get(modality).push({ at: performance.now(), ms: ms.total });
  }

  #count(topics) {
    for (const [topic, rate] of Object.entries(topics)) {
      const kept = this.#rates.get(topic) ?? { values: [] };
      kept.values.push(rate.hz ?? 0);
      if (kept.values.length > RATES) kept.values.shift();
      this.#rates.set(topic, Object.assign(kept, { rate }));
    }
    for (const topic of this.#rates.keys()) if (!(topic in topics)) this.#rates.delete(topic);
  }

  #showRates() {
    const rows = [...this.#rates].map(([topic, { values, rate }]) => {
      if (!this.#rows.has(topic)) this.#rows.set(topic, sparkline());
      const spark = this.#rows.get(topic);
      spark.show(values, RATES);
      const dropped = rate.dropped ?? 0;
      return [topic, [el('code', { text: topic }), (rate.hz ?? 0).toFixed(1), spark.element, milliseconds(rate.ms_p50 ?? NaN), milliseconds(rate.ms_p95 ?? NaN), el('span', { class: dropped ? '' : 'soft', text: String(dropped) })]];
    });
    this.#topics.fill(rows, 'Nothing is heard on any topic.');
  }

  #take(state) {
    for (const node of state.nodes ?? []) if (node.state !== MISSING) this.#seen.add(node.name);
    // Not every robot has every node: only one that was there, or all of them, can be missed.
    for (const node of state.nodes ?? []) if (node.state === MISSING && this.#seen.size && !this.#seen.has(node.name)) node.state = 'not running';
    const engines = new Map((state.engines ?? []).map((engine) => [engine.name, engine]));
    const text = JSON.stringify([state.nodes, state.engines]);
    if (text !== this.#told) {
      const shown = (state.nodes ?? []).map((node) => nodeRow(node, engines.get(node.name)));
      this.#nodes.replaceChildren(...(shown.length ? shown : [el('li', { class: 'soft', text: 'No node was heard yet.' })]));
    }
    this.#told = text;
    this.#diagnose(state.diagnostics ?? []);
    this.#sum(state);
  }

  #diagnose(statuses) {
    const named = new Set(statuses.map(({ name }) => name));
    for (const [name, part] of this.#parts) {
      if (named.has(name)) continue;
      part.element.remove();
      this.#parts.delete(name);
    }
    const order = [...statuses].sort((one, other) => rank(other.level) - rank(one.level) || one.name.localeCompare(other.name));
    const well = order.filter(({ level }) => level === 0).length;
    setText(this.#well.firstChild, `${well} ${well === 1 ? 'part is' : 'parts are'} well`);
    this.#well.hidden = !well;
    order.forEach((status, number) => {
      const part = this.#status(status.name);
      const [list, place] = status.level ? [this.#faulty, number] : [this.#well.lastChild, number - (order.length - well)];
      setAttribute(part.element, 'data-level', LEVELS[status.level] ?? 'bad');
      setText(part.level, LEVEL_NAMES[status.level] ?? 'error');
      setText(part.name, status.name);
      setText(part.message, status.message);
      const lines = Object.entries({ ...(status.values ?? {}), ...(status.hardware_id ? { 'hardware id': status.hardware_id } : {}) });
      const text = JSON.stringify(lines);
      if (part.text !== text) part.values.replaceChildren(...lines.flatMap(([key, value]) => [el('dt', { text: key }), el('dd', { text: String(value) })]));
      part.text = text;
      const before = list.children[place];
      if (before !== part.element) list.insertBefore(part.element, before ?? null);
    });
  }

  #status(name) {
    if (!this.#parts.has(name)) {
      const part = { level: el('span', { class: 'level' }), name: el('b'), message: el('span', { class: 'message' }), values: el('dl') };
      part.element = el('details', {}, el('summary', {}, part.level, part.name, part.message), part.values);
      this.#parts.set(name, part);
    }
    return this.#parts.get(name);
  }

  #sum({ nodes = [], diagnostics = [] }) {
    const levels = [...diagnostics.map(({ level }) => rank(level)), ...nodes.map(({ state }) => Math.max(0, LEVELS.indexOf(NODE_LEVELS[state] ?? 'bad')))];
    const errors = levels.filter((level) => level >= 2).length;
    const warnings = levels.filter((level) => level === 1).length;
    const pill = byId('wellbeing');
    pill.hidden = !levels.length;
    pill.dataset.level = errors ? 'bad' : warnings ? 'warn' : 'good';
    const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;
    setText(pill, errors ? count(errors, 'error') : warnings ? count(warnings, 'warning') : 'all well');
  }
}

const GONE = 'Nothing is heard of it. Start it (xsense run), or wait until it is back: the page goes on by itself.';

/** A node, its state, and the models that it has loaded. */
function nodeRow(node, engine) {
  const figures = Object.entries(engine?.values ?? {}).flatMap(([key, value]) => [el('dt', { text: key }), el('dd', { text: String(value) })]);
  const models = figures.length ? el('details', {}, el('summary', { class: 'small', text: engine.message || 'engine' }), el('dl', {}, ...figures)) : null;
  return el('li', { 'data-level': NODE_LEVELS[node.state] ?? 'bad' }, el('b', { text: node.name }), el('span', { class: 'state', text: node.state }),
    node.message || node.state === MISSING ? el('span', { class: 'soft small', text: node.message || GONE }) : null, models);
}

/** OK, WARN, ERROR; what is STALE is as bad as an error. */
const rank = (level) => Math.min(2, level);

/** A table whose `fill` takes [key, cells][] and changes only what differs. */
function table(columns) {
  const body = el('tbody');
  const wide = el('table', {}, el('thead', {}, el('tr', {}, ...columns.map((name) => (name ? el('th', { scope: 'col', text: name }) : el('td'))))), body);
  const empty = el('p', { class: 'empty', hidden: true });
  const rows = new Map();
  const fill = (lines, nothing) => {
    for (const [key, row] of rows) {
      if (lines.some(([name]) => name === key)) continue;
      row.remove();
      rows.delete(key);
    }
    for (const [key, cells] of lines) {
      if (!rows.has(key)) rows.set(key, body.appendChild(el('tr', {}, ...cells.map((cell, index) => (index ? el('td') : el('th', { scope: 'row' }))))));
      cells.forEach((cell, index) => {
        const place = rows.get(key).children[index];
        if (typeof cell === 'string') setText(place, cell);
        else if (place.firstChild !== cell && (index || !place.firstChild || place.textContent !== cell.textContent)) place.replaceChildren(cell);
      });
    }
    setText(empty, nothing);
    empty.hidden = lines.length > 0;
    wide.hidden = !lines.length;
  };
  return { element: el('div', { class: 'table' }, wide, empty), fill };
}
