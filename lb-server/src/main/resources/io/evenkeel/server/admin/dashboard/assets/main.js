// Puts the page together: asks for what is, listens to what becomes, and shows it; keys and themes.

import { ACTIONS, add, changeSelector, openMenu } from './actions.js';
import { call, get, of, whenUnauthorized } from './api.js';
import { createCharts, recolourCharts, renderCharts } from './charts.js';
import { openDetails } from './details.js';
import { panel, showModal } from './dialogs.js';
import { $, el, icon, keep, kept, setData, setHidden, setIcon, setText, toast } from './dom.js';
import { age, count, plural, selectorText, stateIcon, stateWord, words } from './format.js';
import { createLog, explain, prependLog, renderKeys, renderLog, resetKeys } from './panels.js';
import { forgetColours } from './spark.js';
import { addEvent, canWrite, current, lastSeq, putBalancer, putEvents, putHistory, putStats, store } from './store.js';
import { Stream } from './stream.js';
import { Table } from './table.js';

const HISTORY_AGAIN_MS = 300000;

let paused = false;
let held = null;
let connection = ['connecting', 0];
let first = true;
let historyAt = 0;

const table = new Table({ open: openDetails, menu: (id, button) => openMenu(id, button, openDetails), chosen: showBulk });
createCharts();
createLog();

const stream = new Stream({
  before: load,
  last: lastSeq,
  state: showConnection,
  stats(text) {
    const began = performance.now();
    const stats = JSON.parse(text);
    if (paused || document.hidden) {
      held = stats;
      return;
    }
    putStats(stats);
    render();
    performance.measure('evenkeel:update', { start: began });
    if (performance.getEntriesByName('evenkeel:update').length > 120) performance.clearMeasures('evenkeel:update');
  },
  event(type, text) {
    const event = { type, ...JSON.parse(text) };
    if (!addEvent(event)) return;
    prependLog(event);
    if (type !== 'change') announce(event.text);
  },
});

/** Everything as it is now, if it is still wanted when it is known; what comes later is told by the stream. */
async function load(isWanted) {
  const session = await get('session').catch((failure) => {
    if (failure.status === 401) throw failure;
    return null;
  });
  if (!isWanted()) return;
  store.role = session?.role ?? 'write';
  store.signedIn = (session?.name ?? 'anonymous') !== 'anonymous';
  document.body.dataset.role = store.role;
  setHidden($('role'), canWrite());
  setHidden($('sign-out'), !store.signedIn);
  const [health, metrics, history, log, { balancers }] = await Promise.all([get('health'), get('metrics'), get('history'), get('events'), get('balancers')]);
  const parts = await Promise.all(balancers.flatMap((name) => [get(of(name, 'servers?spark=true')), get(of(name, 'algorithm'))]));
  if (!isWanted()) return;
  for (const name of [...store.balancers.keys()]) if (!balancers.includes(name)) store.balancers.delete(name);
  balancers.forEach((name, i) => putBalancer(name, parts[2 * i + 1], parts[2 * i].servers));
  store.health = health;
  store.metrics = metrics;
  putHistory(history);
  historyAt = performance.now();
  putEvents(log.events);
  choose(wantedBalancer(), false);
  renderLog();
  render();
}

/** By the address, or else the first. */
function wantedBalancer() {
  for (const name of store.balancers.keys()) {
    if (location.hash === '#b=' + encodeURIComponent(name)) return name;
  }
  return store.balancers.has(store.chosen) ? store.chosen : store.balancers.keys().next().value ?? null;
}

function choose(name, byUser = true) {
  if (name === store.chosen || name === null) return;
  store.chosen = name;
  if (byUser) history.replaceState(null, '', '#b=' + encodeURIComponent(name));
  resetKeys();
  table.reset();
  if (byUser) render();
}

addEventListener('hashchange', () => {
  if (location.hash.startsWith('#b=')) {
    choose(wantedBalancer(), false);
    render();
  }
});

function render() {
  const { health } = store;
  if (!health) return;
  const state = health.draining ? 'draining' : health.status;
  setData($('overall'), 'state', state);
  setIcon($('overall').firstElementChild, stateIcon(state));
  setText($('overall').lastElementChild, stateWord(state));
  setText($('uptime'), `up for ${age(health.uptime_seconds)}`);
  setText($('version'), health.version ?? '');
  showTabs(health.balancers);
  showAttention(health);
  setText($('selector'), selectorText(current()?.algorithm));
  showListeners(health.listeners.filter((listener) => listener.balancer === store.chosen));
  table.render();
  renderCharts();
  renderKeys();
  const bad = health.balancers.reduce((all, one) => all + one.servers - one.eligible, 0);
  const title = (bad > 0 ? `(${bad} out) ` : '') + 'Evenkeel';
  if (document.title !== title) document.title = title;
  favicon(health.status);
  if (first && current()) {
    first = false;
    requestAnimationFrame(() => performance.mark('evenkeel:first-rows'));
  }
  if (performance.now() - historyAt > HISTORY_AGAIN_MS) {
    historyAt = performance.now();
    get('history').then(putHistory).catch(() => {});
  }
}

function favicon(state) {
  const href = `assets/icon-${state}.svg`;
  if ($('favicon').getAttribute('href') !== href) $('favicon').setAttribute('href', href);
}

function showTabs(balancers) {
  const box = $('tabs');
  setHidden(box, balancers.length < 2);
  const shown = balancers.map((one) => one.name).join('\n');
  if (box.dataset.shown !== shown) {
    box.dataset.shown = shown;
    box.replaceChildren(...balancers.map(({ name }) => el('button', { type: 'button', role: 'tab', 'aria-controls': 'panel', data: { name }, on: { click: () => choose(name) } },
      icon('unknown'), el('span', { text: name }), el('span', { class: 'sub' }))));
  }
  balancers.forEach((one, i) => {
    const tab = box.children[i];
    const chosen = one.name === store.chosen;
    setData(tab, 'state', one.status);
    setIcon(tab.firstElementChild, stateIcon(one.status));
    setText(tab.lastElementChild, `${one.eligible}/${one.servers}`);
    tab.setAttribute('aria-selected', String(chosen));
    tab.setAttribute('aria-label', `${one.name}: ${stateWord(one.status)}, ${one.eligible} of ${one.servers} servers in service`);
    tab.tabIndex = chosen ? 0 : -1;
  });
  $('panel').setAttribute('aria-label', store.chosen ?? '');
}

$('tabs').addEventListener('keydown', (event) => {
  const names = [...store.balancers.keys()];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  choose(names[(names.indexOf(store.chosen) + step + names.length) % names.length]);
  $('tabs').querySelector('[aria-selected="true"]')?.focus();
});

/** Where the clients of the balancer that is shown come in. */
function showListeners(listeners) {
  const box = $('listeners');
  const all = (name) => listeners.reduce((sum, listener) => sum + listener[name], 0);
  setHidden(box, listeners.length === 0);
  setText(box.children[1], listeners.map((listener) => listener.address ?? listener.name).join(', '));
  setText(box.children[2], `${count(all('open'))} open${all('waiting') > 0 ? `, ${count(all('waiting'))} waiting` : ''}`);
}

const UNWELL = { down: 'down', ejected: 'ejected', circuit_open: 'cut off by the circuit breaker' };

/** What is wrong, in sentences, worst first. */
function showAttention(health) {
  const items = [];
  if (health.draining) items.push(['draining', 'This process is draining: it accepts no new connections and ends when the last is closed.']);
  for (const balancer of health.balancers) {
    if (balancer.status === 'down') items.push(['down', `${balancer.name}: no server is eligible, connections are refused.`]);
    if (balancer.panicking) items.push(['degraded', `${balancer.name}: too few healthy servers, so all of them are used (panic threshold).`]);
    const servers = store.balancers.get(balancer.name)?.servers ?? [];
    for (const [state, text] of Object.entries(UNWELL)) {
      const ids = servers.filter((server) => server.state === state).map((server) => server.id);
      if (ids.length > 0) items.push([state, `${balancer.name}: ${ids.length === 1 ? ids[0] + ' is' : plural(ids.length, 'server') + ' are'} ${text}${ids.length > 1 ? `: ${ids.slice(0, 4).join(', ')}${ids.length > 4 ? ' and others' : ''}` : ''}.`]);
    }
    for (const warning of balancer.warnings ?? []) items.push(['degraded', `${balancer.name}: ${warning.text}`]);
  }
  for (const listener of health.listeners) {
    if (listener.paused.length > 0) items.push(['degraded', `Listener ${listener.name} (${listener.address}) has paused accepting: ${listener.paused.map(words).join(', ')}.`]);
    if (listener.status !== 'listening') items.push(['degraded', `Listener ${listener.name} (${listener.address}) is ${listener.status}.`]);
  }
  const box = $('attention-list');
  const shown = items.map((item) => item.join()).join('\n');
  setHidden($('attention'), items.length === 0);
  if (box.dataset.shown === shown) return;
  box.dataset.shown = shown;
  box.replaceChildren(...items.map(([state, text]) => el('li', { data: { state } }, icon(stateIcon(state)), el('span', { text }))));
}

function showBulk(ids) {
  const box = $('bulk');
  setHidden(box, ids.length === 0);
  const shown = ids.join('\n');
  if (ids.length === 0 || box.dataset.shown === shown) return;
  box.dataset.shown = shown;
  box.replaceChildren(el('b', { text: `${plural(ids.length, 'server')} chosen` }),
    ...Object.values(ACTIONS).map((action) => el('button', { type: 'button', class: action.danger ? 'danger' : '', on: { click: async () => {
      if (await action.run([...table.picked])) table.unpick();
    } } }, icon(action.icon), action.label)),
    el('button', { type: 'button', class: 'link', text: 'Choose none', on: { click: () => table.unpick() } }));
}

const SAID = { connecting: 'Connecting', live: 'Live', stale: 'No news', lost: 'Disconnected', closed: 'Signed out' };

function showConnection(state, seconds) {
  connection = [state, seconds];
  const shown = paused && state === 'live' ? 'paused' : state;
  setData($('connection'), 'conn', shown);
  setText($('connection-text'), shown === 'paused' ? 'Held' : SAID[state]);
  const offline = $('offline');
  document.body.dataset.signed = state === 'closed' ? 'out' : 'in';
  // What is old looks old until there is something new, through all tries.
  if (state === 'stale' || state === 'lost') {
    setData(document.body, 'stale', 'true');
    const seen = store.heard > 0 ? `What you see is ${age((performance.now() - store.heard) / 1000)} old.` : '';
    setText($('connection-text'), SAID[state]);
    setText($('offline-text'), state === 'lost' ? 'The connection to the balancer is lost.' : 'The balancer has not been heard for some seconds.');
    setHidden(offline, false);
    setText($('age'), `${seen}${state === 'lost' ? ` Next try in ${age(Math.ceil(seconds))}.` : ''}`);
    favicon('offline');
  } else if (state === 'live') {
    setData(document.body, 'stale', 'false');
    setHidden(offline, true);
  }
}

let said = 0;
let unsaid = 0;

/** For screen readers: what has changed, at most once in two seconds. */
function announce(text) {
  const now = performance.now();
  if (now - said < 2000) {
    if (unsaid++ === 0) {
      setTimeout(() => {
        setText($('announce'), unsaid === 1 ? text : `${text}, and ${plural(unsaid - 1, 'more change')}`);
        unsaid = 0;
        said = performance.now();
      }, 2000 - (now - said));
    }
    return;
  }
  said = now;
  setText($('announce'), text);
}

// Signing in: the cookie that the API gives for a token is out of this page's reach.
whenUnauthorized(() => {
  stream.close();
  if (!$('sign-in').open) showModal($('sign-in'));
  showConnection('closed', 0);
});
$('sign-in').addEventListener('cancel', (event) => event.preventDefault());
$('sign-in-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const error = $('sign-in-error');
  error.hidden = true;
  try {
    await call('POST', 'session', undefined, { Authorization: 'Bearer ' + $('token').value });
    $('token').value = '';
    $('sign-in').close();
    stream.open();
  } catch (failure) {
    error.textContent = failure.status === 401 ? 'This token is not known here.' : failure.message;
    error.hidden = false;
    $('token').select();
  }
});
$('sign-out').addEventListener('click', async () => {
  await call('DELETE', 'session').catch(() => {});
  location.reload();
});

// Themes: as the system, light, dark.
const THEMES = { auto: 'as the system', light: 'light', dark: 'dark' };

function themeNow() {
  return document.documentElement.dataset.theme ?? 'auto';
}

function showTheme() {
  setIcon($('theme').firstElementChild, { auto: 'auto', light: 'sun', dark: 'moon' }[themeNow()]);
  setText($('theme-text'), `Theme: ${THEMES[themeNow()]}`);
  forgetColours();
  if (store.metrics) {
    recolourCharts();
    table.redraw();
  }
}

function nextTheme() {
  const names = Object.keys(THEMES);
  const theme = names[(names.indexOf(themeNow()) + 1) % names.length];
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  keep('theme', theme === 'auto' ? null : theme);
  showTheme();
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTheme);
$('theme').addEventListener('click', nextTheme);

function togglePause() {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  setIcon($('pause').firstElementChild, paused ? 'play' : 'pause');
  if (!paused && held) catchUp();
  showConnection(...connection);
}

/** What came while nobody looked, its curves included. */
function catchUp() {
  putStats(held);
  held = null;
  render();
  get('history').then((hour) => {
    putHistory(hour);
    renderCharts();
  }).catch(() => {});
}
$('pause').addEventListener('click', togglePause);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && held && !paused) catchUp();
});

$('add').addEventListener('click', add);
$('change-selector').addEventListener('click', changeSelector);
$('explain').addEventListener('submit', (event) => {
  event.preventDefault();
  explain($('explain-key').value);
});

const HELP = [
  ['/', 'Filter servers'], ['↑ ↓', 'Among the servers, and up to the heads'], ['← →', 'Within the row, to its box and its menu'],
  ['Enter', 'Details of the server'], ['Space', 'Choose the server, for several at once'],
  ['d', 'Drain'], ['m', 'Maintenance'], ['r', 'Ready'], ['w', 'Weight'], ['Delete', 'Remove'], ['a', 'Add a server'], ['s', 'Change the selector'],
  ['k', 'Explain a key'], ['g', 'Go to the servers'], ['1 … 9', 'Balancer by number'], ['p', 'Hold the numbers still'], ['t', 'Light or dark'], ['?', 'This list'],
];

/** Whether single keys do something: who dictates, or whose hand slips, can do without them. */
let keysOn = kept('keys') !== 'off';

function showKeys() {
  document.body.dataset.keys = keysOn ? 'on' : 'off';
  for (const [id, key] of [['pause', 'p'], ['theme', 't'], ['help', '?']]) {
    const button = $(id);
    button.title = button.title.replace(/ \(.\)$/, '') + (keysOn ? ` (${key})` : '');
  }
}

function switchKeys(on) {
  keysOn = on;
  keep('keys', on ? null : 'off');
  showKeys();
}

function help() {
  const on = el('input', { type: 'checkbox', id: 'keys-on', on: { change: () => switchKeys(on.checked) } });
  on.checked = keysOn;
  panel('help', 'Keys', el('label', { class: 'switch' }, on, 'Single-key shortcuts'),
    el('dl', { class: 'keys-list' }, ...HELP.flatMap(([key, text]) => [el('dt', {}, el('kbd', { text: key })), el('dd', { text })])),
    el('p', { class: 'muted', text: 'd, m, r, w and Delete act on the chosen servers, or on the one that has the focus; each asks first. Without these shortcuts, arrows, Enter and Space still work on the servers.' }));
}
$('help').addEventListener('click', help);

const KEYS = {
  '/': () => $('filter').focus(), a: add, s: changeSelector, k: () => $('explain-key').focus(), g: () => table.focus(), p: togglePause, t: nextTheme, '?': help,
};

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target.matches('input:not([type="checkbox"]), select, textarea')) {
    if (event.key === 'Escape' && event.target === $('filter')) {
      event.target.value = '';
      event.target.dispatchEvent(new Event('input'));
      table.focus();
    }
    return;
  }
  if (!keysOn) return;
  const action = Object.values(ACTIONS).find((one) => one.key === event.key);
  if (action) {
    const ids = table.picked.size > 0 ? [...table.picked] : [table.active].filter(Boolean);
    if (ids.length > 0) {
      event.preventDefault();
      action.run(ids);
    } else if (canWrite()) {
      toast('Choose a server first: ↑ and ↓, or its box.', 'warn');
    }
  } else if (event.key in KEYS) {
    event.preventDefault();
    KEYS[event.key]();
  } else if (/^[1-9]$/.test(event.key)) {
    choose([...store.balancers.keys()][event.key - 1] ?? store.chosen);
  }
});

showTheme();
showKeys();
stream.open();
