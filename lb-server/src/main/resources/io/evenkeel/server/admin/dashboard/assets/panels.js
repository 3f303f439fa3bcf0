// The two panels under the servers: where keys go, and what has happened.

import { get, of } from './api.js';
import { $, el, icon, setText } from './dom.js';
import { clock, moment, percent, plural, stateIcon, words } from './format.js';
import { current, store } from './store.js';

const SHOWN_EVENTS = 200;
const SHOWN_SERVERS = 40;
/** Asking costs the server as much as explaining a thousand keys does. */
const KEYS_AGAIN_MS = 60000;
const KEYS_AT_MOST_EACH_MS = 2000;

let keysOf = '';
let keysAt = -Infinity;
let keyed = true;
let asking = false;
/** Counts what was to be explained: an answer that has been overtaken is not shown. */
let explained = 0;

/** Asks anew where keys go if another balancer is shown, if its servers or selector changed, or time has passed. */
export async function renderKeys(now = performance.now()) {
  const balancer = current();
  if (!balancer) return;
  const passed = now - keysAt;
  if (asking || passed < KEYS_AT_MOST_EACH_MS) return;
  const wanted = JSON.stringify([store.chosen, balancer.algorithm, balancer.servers.map((server) => [server.id, server.weight, server.eligible])]);
  if (wanted === keysOf && (!keyed || passed < KEYS_AGAIN_MS)) return;
  asking = true;
  keysOf = wanted;
  keysAt = now;
  const asked = store.chosen;
  try {
    const keys = await get(of(asked, 'keys?sample=1000'));
    keyed = keys.keyed;
    if (asked === store.chosen) showShares(keys, balancer.algorithm);
  } catch {
    if (asked === store.chosen) setText($('keys-note'), 'not known');
  } finally {
    asking = false;
  }
}

function showShares(keys, algorithm) {
  const box = $('shares');
  box.removeAttribute('tabindex');
  if (!keys.keyed) {
    setText($('keys-note'), '');
    box.replaceChildren(el('p', { class: 'empty', text: `${algorithm?.name ?? 'This selector'} does not go by keys. With ring_hash, maglev, rendezvous or ip_hash, each server’s share of the keys is shown here.` }));
    return;
  }
  const shares = [...keys.shares].sort((a, b) => b.share - a.share);
  const top = Math.max(0.0001, ...shares.map((one) => Math.max(one.share, one.expected)));
  box.tabIndex = 0; // it scrolls
  setText($('keys-note'), `of ${plural(keys.sample, 'key')}; the mark is what its weight asks for`);
  box.replaceChildren(
    ...shares.slice(0, SHOWN_SERVERS).map((one) => {
      const bar = el('span', { class: 'bar' });
      const mark = el('span', { class: 'mark' });
      bar.style.width = (100 * one.share) / top + '%';
      mark.style.left = (100 * one.expected) / top + '%';
      mark.hidden = one.expected === 0;
      return el('div', { class: 'share' }, el('span', { class: 'name', text: one.id, title: one.id }),
        el('span', { class: 'track', 'aria-hidden': 'true' }, bar, mark), el('span', { class: 'number', text: percent(one.share) }),
        el('span', { class: 'number muted' }, el('span', { class: 'sr', text: 'expected ' }), percent(one.expected)));
    }),
    shares.length > SHOWN_SERVERS ? el('p', { class: 'muted', text: `and ${plural(shares.length - SHOWN_SERVERS, 'server')} with less` }) : '');
}

/** Says where a key would go now, and why not elsewhere. */
export async function explain(key) {
  const box = $('explanation');
  const balancer = store.chosen;
  const mine = ++explained;
  const overtaken = () => mine !== explained || balancer !== store.chosen;
  if (key === '') {
    box.replaceChildren();
    return;
  }
  try {
    const { next, servers, taken_as: takenAs } = await get(of(balancer, `explain?key=${encodeURIComponent(key)}`));
    if (overtaken()) return;
    const rows = [...servers].sort((a, b) => (b.verdict === 'NEXT') - (a.verdict === 'NEXT'));
    box.replaceChildren(
      el('p', { class: 'answer' }, el('code', { text: key }), takenAs === 'address' ? el('span', { class: 'muted', text: 'as a client’s address' }) : null, icon('arrow'),
        next === null ? el('b', { class: 'error', text: 'no server' }) : el('b', { text: next }),
        el('button', { type: 'button', class: 'icon-button', title: 'Clear', on: { click: () => box.replaceChildren() } }, icon('close'), el('span', { class: 'sr', text: 'Clear' }))),
      el('div', { class: 'verdict-box', tabindex: '0', role: 'group', 'aria-label': 'Verdicts' }, el('table', { class: 'small verdicts' }, el('thead', {}, el('tr', {}, ...['Server', 'Verdict', 'Why'].map((text) => el('th', { scope: 'col', text })))),
        el('tbody', {}, ...rows.slice(0, SHOWN_SERVERS).map((one) => el('tr', { data: { verdict: one.verdict } },
          el('th', { scope: 'row', text: one.id }), el('td', { text: words(one.verdict) }), el('td', { text: one.reason ?? '' })))))),
      rows.length > SHOWN_SERVERS ? el('p', { class: 'muted', text: `and ${plural(rows.length - SHOWN_SERVERS, 'server')} more` }) : '');
  } catch (failure) {
    if (overtaken()) return;
    box.replaceChildren(el('p', { class: 'error', text: failure.message }));
  }
}

/** The keys panel belongs to another balancer now. */
export function resetKeys() {
  keysOf = '';
  keysAt = -Infinity;
  explained++;
  $('explanation').replaceChildren();
  $('shares').replaceChildren();
  setText($('keys-note'), '');
}

const KINDS = { server: 'Servers', listener: 'Listeners', change: 'Changes' };
const hidden = new Set();

const EVENT_ICONS = { blocked: 'down', unblocked: 'up', added: 'plus', removed: 'minus', updated: 'edit', weighed: 'edit' };

export const kindOf = (event) => event.type ?? ('who' in event ? 'change' : 'listener' in event ? 'listener' : 'server');

function eventIcon(event) {
  const kind = kindOf(event);
  if (kind === 'change') return 'edit';
  if (kind === 'server') {
    if (event.what === 'blocked') {
      const state = store.balancers.get(event.balancer)?.byId.get(event.server)?.state;
      if (/drain/i.test(event.text)) return 'draining';
      if (/maintenance/i.test(event.text)) return 'maintenance';
      if (/eject/i.test(event.text)) return 'ejected';
      return state && state !== 'up' ? stateIcon(state) : 'down';
    }
    return EVENT_ICONS[event.what] ?? 'info';
  }
  return 'info';
}

export function createLog() {
  $('log-chips').append(...Object.entries(KINDS).map(([kind, label]) => {
    const chip = el('button', { type: 'button', class: 'chip', 'aria-pressed': 'true', text: label, on: { click: () => {
      if (!hidden.delete(kind)) hidden.add(kind);
      chip.setAttribute('aria-pressed', String(!hidden.has(kind)));
      renderLog();
    } } });
    return chip;
  }));
}

function line(event) {
  const time = new Date(event.time);
  const name = eventIcon(event);
  return el('li', { data: { kind: kindOf(event), icon: name, seq: String(event.seq) } },
    el('time', { datetime: event.time, title: moment(time), text: clock(time) }), icon(name),
    el('span', { class: 'event-text' }, el('span', { text: event.text }),
      event.who ? el('span', { class: 'muted', text: ` by ${event.who}` }) : null,
      store.balancers.size > 1 && event.balancer ? el('span', { class: 'muted', text: ` · ${event.balancer}` }) : null));
}

/** The newest events, newest first. */
export function renderLog() {
  const shown = store.events.filter((event) => !hidden.has(kindOf(event))).slice(0, SHOWN_EVENTS);
  $('log').replaceChildren(...(shown.length > 0 ? shown.map(line) : [el('li', { class: 'empty', text: 'Nothing has happened yet.' })]));
}

/** One that has just come. */
export function prependLog(event) {
  if (hidden.has(kindOf(event))) return;
  const list = $('log');
  list.querySelector('.empty')?.remove();
  list.prepend(line(event));
  while (list.children.length > SHOWN_EVENTS) list.lastElementChild.remove();
}
