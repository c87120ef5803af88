// SPDX-License-Identifier: Apache-2.0
/** Requests to the server, and its refusals as errors that say the cure. */

/** A refused request. `message` is for people; `status` is HTTP's, 0 where the server was not reached. */
export class Refusal extends Error {
  constructor(status, body) {
    super(body.message || 'The server did not say why.');
    this.status = status;
    this.cure = body.cure || '';
  }
}

/** Called when a request needs a token; set by the page. */
export const events = new EventTarget();

async function request(path, options = {}) {
  let response;
  try {
    // A header of our own cannot be sent from a foreign page without the server's consent.
    response = await fetch(path, { ...options, headers: { 'X-Xsense': 'page', ...options.headers } });
  } catch {
    throw new Refusal(0, { message: 'The server cannot be reached.', cure: 'See whether the dashboard is still running.' });
  }
  if (response.status === 401) events.dispatchEvent(new Event('token'));
  if (!response.ok) throw new Refusal(response.status, await body(response));
  return response.json();
}

async function body(response) {
  try {
    return await response.json();
  } catch {
    return { message: `${response.status} ${response.statusText}` };
  }
}

const item = (id) => `api/items/${encodeURIComponent(id)}`;

function form(fields) {
  const data = new FormData();
  for (const [name, value] of fields) data.append(name, value);
  return { method: 'POST', body: data };
}

/** Address of the picture of an item; it changes with the gallery's version, so that no old one is shown. */
export const thumbnailUrl = (id, version) => `${item(id)}/thumbnail?v=${version}`;

/** Address of the n-th view of an item, as it was kept. */
export const viewUrl = (id, number, version) => `${item(id)}/views/${number}?v=${version}`;

/** {items, total, version}: what is remembered. */
export function listItems({ offset = 0, limit = 60, contains = '' }) {
  return request(`api/items?${new URLSearchParams({ offset, limit, contains })}`);
}

/**
 * The one answer to samples of different senses.
 * @param {[string, Blob|string][]} samples modality and sample of each; a string for the modality 'text'.
 * @param {string[]} live senses whose newest sample is asked, too.
 */
export function query(samples, live = []) {
  return request('api/query', form([...samples, ...live.map((sense) => ['live', sense])]));
}

/**
 * Remember views of a thing.
 * @param {{label?: string, itemId?: string, samples?: [string, Blob|string][], live?: string[]}} views
 *   `samples`: modality and sample of each; `live`: senses whose newest sample is taken.
 */
export function enrol({ label = '', itemId = '', samples = [], live = [] }) {
  const named = [['label', label], ['item_id', itemId]].filter(([, value]) => value);
  return request('api/items', form([...named, ...samples, ...live.map((sense) => ['live', sense])]));
}

/** Give an item another name. */
export function rename(id, label) {
  return request(item(id), { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ label }) });
}

/** Forget an item and all its views. */
export const forget = (id) => request(item(id), { method: 'DELETE' });

/** Take back the change that led to a version of the gallery; 0: the newest. */
export function undo(version = 0) {
  return request('api/undo', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ gallery_version: version }) });
}

/** {spaces: [{space, modality, points: [{item_id, label, x, y}]}]}: the gallery as a map. */
export const map = () => request('api/map');
