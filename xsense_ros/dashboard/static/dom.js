// SPDX-License-Identifier: Apache-2.0
/** Small helpers around the document. Text is only ever set as text: nothing is parsed as HTML. */

const SVG = 'http://www.w3.org/2000/svg';

/** The element of an id in the page. */
export const byId = (id) => document.getElementById(id);

/**
 * A new element.
 * @param {string} tag
 * @param {Object} properties attributes; `on` holds listeners, `text` the text; null and false are left out.
 * @param {...(Node|string|null)} children
 */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** A new element of an SVG picture; see `el`. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** One of the icons of icons.svg, hidden from screen readers. */
export function icon(name) {
  return svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `static/icons.svg#${name}` }));
}

/** A round button with an icon only, which therefore needs a name. */
export function iconButton(name, label, click) {
  return el('button', { type: 'button', class: 'round', 'aria-label': label, title: label, on: { click } }, icon(name));
}

/** Change the text of a node only where it differs, so that nothing is laid out in vain. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Change an attribute only where it differs; null removes it. */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on') for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (name === 'text') node.textContent = value;
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
