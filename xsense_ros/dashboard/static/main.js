// SPDX-License-Identifier: Apache-2.0
/** Puts the page together: views, connection, and the parts that hear it. */

import { Answers } from './answers.js';
import { events, listItems } from './api.js';
import { Ask } from './ask.js';
import { Connection } from './connection.js';
import { byId, setText } from './dom.js';
import { EnrolDialog } from './enrol_dialog.js';
import { GalleryMap } from './gallery_map.js';
import { Health } from './health.js';
import { ItemDialog } from './item_dialog.js';
import { complain } from './notices.js';
import { askForToken } from './token.js';
import { startTheme } from './theme.js';
import { Things } from './things.js';
import { Tiles } from './tiles.js';

const VIEWS = ['live', 'ask', 'things', 'health'];

const connection = new Connection();
let live = [];
const enrolDialog = new EnrolDialog(() => live);
const itemDialog = new ItemDialog(() => live);
const tiles = new Tiles(byId('tiles'), connection);
const health = new Health(connection);
const things = new Things(connection, (item) => itemDialog.open(item), () => enrolDialog.open());
const galleryMap = new GalleryMap(({ item_id: id, label }) => openItem(id, label));

new Answers(connection, tiles, (modality) => enrolDialog.open({ live: [modality] }));
const ask = new Ask((samples, senses) => enrolDialog.open({ samples, live: senses }), (sense) => tiles.snapshot(sense));
startTheme(byId('theme'));

connection.addEventListener('hello', ({ detail }) => {
  live = detail.live ?? [];
  ask.offer(live);
  galleryMap.offered = detail.map === true;
  setText(byId('namespace'), detail.namespace && detail.namespace !== '/' ? detail.namespace : '');
});
connection.addEventListener('link', ({ detail: { level, text } }) => {
  byId('link').dataset.level = level;
  setText(byId('link'), text);
});
things.addEventListener('shown', ({ detail: version }) => galleryMap.load(version));
tiles.dispatch = watch;
events.addEventListener('token', askForToken);

/** The whole of an item of which the map knows the name only. */
async function openItem(id, label) {
  try {
    const { items, version } = await listItems({ contains: label, limit: 200 });
    const item = items.find(({ item_id: other }) => other === id);
    if (item) itemDialog.open({ ...item, version });
  } catch (error) {
    complain(error);
  }
}

function showView() {
  const asked = location.hash.slice(1);
  if (!VIEWS.includes(asked)) {
    if (asked === 'main') byId('main').focus();
    else if (!asked) history.replaceState(null, '', '#live');
    if (asked) return;
  }
  const view = asked || 'live';
  byId('main').dataset.view = view;
  for (const link of document.querySelectorAll('.views a')) {
    if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  things.visible = view === 'things';
  health.visible = view === 'health';
  health.show();
  scrollTo(0, 0);
  watch();
}

/** Frames come only while somebody can see them; the view of health wants them counted. */
function watch() {
  const { view } = byId('main').dataset;
  tiles.holding = view === 'health';
  connection.watch(document.hidden || view === 'things' ? [] : tiles.names);
}

addEventListener('hashchange', showView);
document.addEventListener('visibilitychange', watch);
showView();
connection.start();
