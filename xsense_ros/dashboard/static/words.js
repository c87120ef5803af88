// SPDX-License-Identifier: Apache-2.0
/** How senses, figures and times are told to people. */

/** The senses in the order in which they are shown. */
export const SENSES = ['image', 'touch', 'sound', 'impact', 'sketch', 'text'];

const ASKED = { image: 'Sees', sketch: 'Is drawn', sound: 'Hears', text: 'Reads', touch: 'Touches', impact: 'Knocks' };
/** What the robot senses just now, in words. */
export const NOW = { image: 'what it sees', touch: 'what it feels', sound: 'what it hears', impact: 'the last knock', sketch: 'the last drawing' };

const KINDS = { image: 'picture', sketch: 'drawing', sound: 'sound', text: 'text', touch: 'touch', impact: 'knock' };

/** 'image' -> 'Sees', 'impact+touch' -> 'Knocks + touches'. */
export function asks(modality) {
  const words = modality.split('+').map((one) => ASKED[one] ?? one);
  return words.map((word, index) => (index ? word.toLowerCase() : word)).join(' + ');
}

/** 'image' -> 'picture'. */
export const kindOf = (modality) => KINDS[modality] ?? modality;

/** 'impact+touch' -> 'knock + touch'. */
export const kindsOf = (modality) => modality.split('+').map(kindOf).join(' + ');

/** 'image' or, of several senses, the first: names the colour and the icon. */
export const leading = (modality) => modality.split('+')[0];

/** 0.934 -> '93 %'. */
export const percent = (share) => `${Math.round(100 * share)} %`;

/** Milliseconds with the digits that matter: '0.4 ms', '31 ms', '1.2 s'. */
export function milliseconds(value) {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** Seconds that have passed, in words. */
export function ago(seconds) {
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}

/** Middle and 95th percentile of a list; NaN where it is empty. */
export function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : NaN);
  return { p50: at(0.5), p95: at(0.95) };
}
