// Numbers as people read them: three digits that mean something, the unit beside them.

const WORDS = {
  up: 'Up', down: 'Down', degraded: 'Degraded', unknown: 'Not checked', draining: 'Draining', maintenance: 'Maintenance',
  ejected: 'Ejected', circuit_open: 'Circuit open', weight_zero: 'Weight 0',
};
const ICONS = new Set(Object.keys(WORDS));

/** The order in which states want attention. */
export const STATES = ['down', 'ejected', 'circuit_open', 'unknown', 'maintenance', 'draining', 'weight_zero', 'up'];

export const stateWord = (state) => WORDS[state] ?? words(state);
export const stateIcon = (state) => (ICONS.has(state) ? state : 'info');

/** `PROBE_DOWN` as `probe down`. */
export const words = (name) => String(name ?? '').toLowerCase().replaceAll('_', ' ');

export const isNumber = (x) => typeof x === 'number' && Number.isFinite(x);

function digits(x) {
  const size = Math.abs(x);
  return x.toFixed(size >= 100 || Number.isInteger(x) ? 0 : size >= 10 ? 1 : 2);
}

function scaled(x, base, units) {
  let i = 0;
  while (Math.abs(x) >= base * 0.9995 && i < units.length - 1) {
    x /= base;
    i++;
  }
  return digits(x) + units[i];
}

/** A count or a rate: 0, 0.25, 312, 12.4k, 1.2M. */
export function count(x) {
  if (!isNumber(x)) return '–';
  return Math.abs(x) < 10000 && Number.isInteger(x) ? String(x) : scaled(x, 1000, ['', 'k', 'M', 'G', 'T']);
}

export const whole = (x) => (isNumber(x) ? Math.round(x).toLocaleString('en') : '–');

/** A rate: below 1 to hundredths, below 100 to tenths. */
export function rate(x) {
  if (!isNumber(x)) return '–';
  const precision = x >= 100 ? 1 : x >= 1 ? 10 : 100;
  return count(Math.round(x * precision) / precision).replace(/(\.\d)0$/, '$1');
}

export const bytes = (x) => (isNumber(x) ? scaled(x < 1000 ? Math.round(x) : x, 1000, [' B', ' kB', ' MB', ' GB', ' TB', ' PB']) : '–');

/** Milliseconds, in the unit that suits. */
export function ms(x) {
  if (!isNumber(x)) return '–';
  if (x > 0 && x < 0.1) return digits(x * 1000) + ' µs';
  if (x >= 1000) return duration(x / 1000);
  return digits(x) + ' ms';
}

/** Milliseconds as they stand beside others: without the unit below a second. */
export function msBare(x) {
  return isNumber(x) && x < 1000 ? digits(x) : ms(x);
}

/** Seconds: 3 s, 2 m 10 s, 4 h 3 m, 3 d 5 h. */
export function duration(s) {
  if (!isNumber(s)) return '–';
  if (s < 10 && s % 1 > 0.05) return s.toFixed(1) + ' s';
  s = Math.round(s);
  if (s < 60) return s + ' s';
  if (s < 3600) return pair(Math.floor(s / 60), 'm', s % 60, 's');
  if (s < 86400) return pair(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'm');
  return pair(Math.floor(s / 86400), 'd', Math.floor((s % 86400) / 3600), 'h');
}

/** The same in whole seconds: what counts on every second and must not flicker. */
export const age = (s) => (isNumber(s) ? duration(Math.floor(s)) : '–');

function pair(a, unitA, b, unitB) {
  return b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`;
}

export const percent = (x) => (isNumber(x) ? digits(x * 100) + ' %' : '–');

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

export const clock = (date) => CLOCK.format(date);
export const moment = (date) => DAY.format(date);

/** A selector with its options, as the config file would have it. */
export function selectorText(algorithm) {
  if (!algorithm) return '…';
  const options = Object.entries(algorithm.options ?? {});
  return options.length === 0
    ? algorithm.name
    : `${algorithm.name} (${options.map(([key, value]) => `${key} ${value}`).join(', ')})`;
}

export function plural(n, one, many = one + 's') {
  return `${whole(n)} ${n === 1 ? one : many}`;
}
