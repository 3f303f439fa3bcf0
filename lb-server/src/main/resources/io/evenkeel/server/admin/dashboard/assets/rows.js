// One server as a row: made once, then only what differs is written.

import { el, icon, setData, setHidden, setIcon, setText } from './dom.js';
import { STATES, age, bytes, count, duration, ms, msBare, rate, stateIcon, stateWord, words } from './format.js';
import { drawSpark } from './spark.js';

/** The columns: what is in them, and what sorting goes by. Numbers sort from the greatest. */
export const COLUMNS = [
  { key: 'pick', label: 'Chosen' },
  { key: 'state', label: 'State', by: (server) => STATES.indexOf(server.state) },
  { key: 'id', label: 'Server', by: (server) => server.id, text: true },
  { key: 'check', label: 'Health check', by: (server) => server.check?.last?.took_ms ?? null },
  { key: 'weight', label: 'Weight', by: (server) => server.weight },
  { key: 'in_flight', label: 'In flight', by: (server) => server.in_flight },
  { key: 'rate', label: 'Connections/s', by: (server) => server.rates?.connections ?? null },
  { key: 'bytes', label: 'Bytes/s', by: (server) => (server.rates ? server.rates.bytes_in + server.rates.bytes_out : null) },
  { key: 'latency', label: 'p50 / p99, ms', by: (server) => server.traffic?.duration_ms?.p99 ?? null },
  { key: 'failures', label: 'Failures', by: (server) => server.failures },
  { key: 'menu', label: 'Actions' },
];

/** The sentence of a block: why, and how long still. */
export function blockText(block) {
  const left = typeof block.time_left_seconds === 'number' ? `, ${age(block.time_left_seconds)} left` : '';
  return words(block.reason) + left;
}

export function checkText(check) {
  if (!check) return 'not checked';
  if (!check.last) return 'no result yet';
  return check.last.text || (check.last.ok ? 'passed' : 'failed');
}

/** Makes a row; `pick` hears of its checkbox, `menu` of its button. */
export function createRow(pick, menu) {
  const part = {};
  const span = (name, className) => (part[name] = el('span', { class: className }));
  const cell = (key, ...children) => el('td', { role: key === 'id' ? 'rowheader' : 'gridcell', class: 'c-' + key }, ...children);
  part.box = el('input', { type: 'checkbox', tabindex: '-1', on: { change: () => pick(row) } });
  part.icon = icon('unknown');
  part.spark = el('canvas', { class: 'spark', 'aria-hidden': 'true' });
  part.meter = el('span', { class: 'meter', 'aria-hidden': 'true' }, (part.fill = el('span')));
  part.menu = el('button', { type: 'button', class: 'icon-button', tabindex: '-1', 'aria-haspopup': 'menu', on: { click: () => menu(row) } }, icon('more'), span('menuText', 'sr'));
  const tr = el('tr', { role: 'row', tabindex: '-1' },
    cell('pick', el('label', {}, part.box, span('boxText', 'sr'))),
    cell('state', el('span', { class: 'pill' }, part.icon, span('state')), span('since', 'sub')),
    cell('id', span('id', 'main'), span('address', 'sub')),
    cell('check', span('check', 'main'), span('checkMore', 'sub')),
    cell('weight', span('weight', 'main'), span('effective', 'sub')),
    cell('in_flight', el('span', { class: 'main' }, span('inFlight'), span('limit', 'muted')), part.meter),
    cell('rate', el('span', { class: 'stack' }, span('rate', 'main'), span('total', 'sub')), part.spark),
    cell('bytes', el('span', { class: 'main' }, el('span', { class: 'tag', text: 'in' }), span('bytesIn')), el('span', { class: 'main' }, el('span', { class: 'tag', text: 'out' }), span('bytesOut'))),
    cell('latency', el('span', { class: 'main' }, el('span', { class: 'tag', text: 'connect' }), span('connect')),
      el('span', { class: 'main' }, el('span', { class: 'tag', text: 'total' }), span('duration'))),
    cell('failures', span('failures', 'main'), span('failureRate', 'sub')),
    cell('menu', part.menu));
  const row = { tr, part, id: null, spark: undefined, width: 0 };
  return row;
}

/** The curve of a row that is in its place: apart from the rest, because it asks how large the row has become. */
export function updateSpark(row, server) {
  if (row.spark === server.spark) return;
  row.spark = server.spark;
  drawSpark(row.part.spark, server.spark);
}

const quantiles = (of) => (of && typeof of.p50 === 'number' ? `${msBare(of.p50)} / ${msBare(of.p99)}` : '–');

export function updateRow(row, server, index, chosen) {
  const { tr, part } = row;
  const { check, traffic, rates } = server;
  if (row.id !== server.id) {
    row.id = server.id;
    row.spark = null; // not undefined, which a server without a curve has: another's must go
    tr.dataset.id = server.id;
    setText(part.boxText, `Choose ${server.id}`);
    setText(part.menuText, `Actions for ${server.id}`);
  }
  const position = String(index + 2);
  if (tr.getAttribute('aria-rowindex') !== position) tr.setAttribute('aria-rowindex', position);
  if (part.box.checked !== chosen) part.box.checked = chosen;
  if (tr.ariaSelected !== String(chosen)) tr.ariaSelected = String(chosen);
  setData(tr, 'state', server.state);
  setIcon(part.icon, stateIcon(server.state));
  setText(part.state, stateWord(server.state));
  setText(part.since, server.since_seconds === null || server.since_seconds === undefined ? '' : 'for ' + age(server.since_seconds));

  setText(part.id, server.id);
  const address = `${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
  const more = [address === server.id ? null : address, server.zone, server.tier > 0 ? `tier ${server.tier}` : null];
  setText(part.address, more.filter(Boolean).join(' · '));

  const blocks = server.blocks ?? [];
  const said = checkText(check);
  setText(part.check, said);
  setData(part.check, 'ok', check?.last ? String(check.last.ok) : 'none');
  const last = check?.last;
  setText(part.checkMore, blocks.length > 0
    ? blocks.map((block) => blockText(block) + (block.cause && block.cause !== said ? `: ${block.cause}` : '')).join(' · ')
    : last ? `${ms(last.took_ms)} · ${age(last.age_seconds)} ago` : '');
  setData(part.checkMore, 'blocked', String(blocks.length > 0));
  const title = blocks.map((block) => `${words(block.reason)} for ${duration(block.since_seconds)}: ${block.cause ?? ''}`).join('\n');
  if (part.checkMore.title !== title) part.checkMore.title = title;

  setText(part.weight, count(server.weight));
  const differs = Math.abs(server.effective_weight - server.weight) > 0.005;
  setText(part.effective, differs ? `now ${count(Math.round(server.effective_weight * 100) / 100)}` : '');

  setText(part.inFlight, count(server.in_flight));
  const limited = typeof server.limit === 'number';
  setText(part.limit, limited ? ` / ${count(server.limit)}` : '');
  setHidden(part.meter, !limited);
  if (limited) {
    const width = Math.min(100, Math.round((100 * server.in_flight) / Math.max(1, server.limit)));
    if (row.width !== width) {
      row.width = width;
      part.fill.style.width = width + '%';
      setData(part.meter, 'full', String(width >= 90));
    }
  }

  setText(part.rate, rates ? rate(rates.connections) : '–');
  setText(part.total, count(traffic ? traffic.connections : server.picks) + ' in all');
  setText(part.bytesIn, rates ? bytes(rates.bytes_in) : '–');
  setText(part.bytesOut, rates ? bytes(rates.bytes_out) : '–');
  setText(part.connect, quantiles(traffic?.connect_ms));
  setText(part.duration, quantiles(traffic?.duration_ms));
  setText(part.failures, count(server.failures));
  setData(part.failures, 'some', String(server.failures > 0));
  setText(part.failureRate, rates && rates.failures > 0 ? rate(rates.failures) + '/s' : '');
}
