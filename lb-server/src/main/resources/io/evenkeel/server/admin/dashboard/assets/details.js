// All that is known of one server, from the side, while it is open up to date.

import { get, serverPath } from './api.js';
import { ACTIONS } from './actions.js';
import { panel } from './dialogs.js';
import { el, icon, morph } from './dom.js';
import { bytes, count, duration, isNumber, ms, rate, stateIcon, stateWord, whole, words } from './format.js';
import { drawSpark } from './spark.js';
import { canWrite, current, store } from './store.js';

const REFRESH_MS = 2000;

export function openDetails(id) {
  const balancer = store.chosen;
  if (!current()?.byId.has(id)) return;
  const body = el('div', { class: 'details' });
  const actions = el('div', { class: 'chips' }, ...(canWrite() ? Object.values(ACTIONS) : []).map((action) =>
    el('button', { type: 'button', class: action.danger ? 'danger' : '', on: { click: () => action.run([id], balancer) } }, icon(action.icon), action.label)));
  const dialog = panel('drawer', id, actions, body);
  let health = null;
  let asking = false;
  const render = () => {
    if (!dialog.open) return;
    const server = store.balancers.get(balancer)?.byId.get(id);
    morph(body, el('div', { class: 'details' }, ...(server ? sections(server, health) : [el('p', { class: 'empty', text: 'This server has been removed.' })])));
    if (server) drawSpark(body.querySelector('canvas'), server.spark);
  };
  const refresh = async () => {
    render();
    if (asking) return;
    asking = true;
    try {
      health = await get(serverPath(balancer, id) + '/health');
    } catch {
      // What the statistics say is shown all the same.
    } finally {
      asking = false;
    }
    render();
  };
  refresh();
  const timer = setInterval(refresh, REFRESH_MS);
  dialog.addEventListener('close', () => clearInterval(timer));
}

const section = (title, ...children) => el('section', {}, el('h3', { text: title }), ...children);

function facts(pairs) {
  return el('dl', {}, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== '').flatMap(([name, value]) =>
    [el('dt', { text: name }), el('dd', {}, value)]));
}

function sections(server, health) {
  const { traffic, rates, check } = server;
  const blocks = server.blocks ?? [];
  const result = [
    section('State',
      el('p', {}, el('span', { class: 'pill', data: { state: server.state } }, icon(stateIcon(server.state)), stateWord(server.state)), ` for ${duration(server.since_seconds)}`),
      blocks.length === 0 ? null : el('ul', { class: 'blocks' }, ...blocks.map((block) => el('li', {}, el('b', { text: words(block.reason) }),
        ` for ${duration(block.since_seconds)}${isNumber(block.time_left_seconds) ? `, ${duration(block.time_left_seconds)} left` : ''}${block.cause ? ': ' + block.cause : ''}`))),
      facts([['Address', `${server.host}:${server.port}`], ['Weight', `${count(server.weight)}${server.effective_weight !== server.weight ? `, now ${count(server.effective_weight)}` : ''}`],
        ['Tier', String(server.tier ?? 0)], ['Zone', server.zone], ['Limit', isNumber(server.limit) ? whole(server.limit) : 'none'],
        ...Object.entries(server.metadata ?? {}).map(([key, value]) => [key, String(value)])])),
    section('Traffic', el('canvas', { class: 'spark wide', 'aria-hidden': 'true' }),
      facts([['In flight', whole(server.in_flight)], ['Connections', traffic ? `${whole(traffic.connections)}, ${rate(rates?.connections)}/s` : null],
        ['Picks', whole(server.picks)], ['Successes', whole(server.successes)], ['Failures', `${whole(server.failures)}${kinds(server.failures_by_kind)}`], ['Neither', whole(server.neutral)],
        ['From clients', traffic ? `${bytes(traffic.bytes_in)}, ${bytes(rates?.bytes_in)}/s` : null], ['To clients', traffic ? `${bytes(traffic.bytes_out)}, ${bytes(rates?.bytes_out)}/s` : null]]),
      traffic ? latencies([['Connect', traffic.connect_ms], ['First byte', traffic.first_byte_ms], ['Duration', traffic.duration_ms]]) : null),
  ];
  const checks = health?.check ?? check;
  result.push(section('Health check', checks ? facts([['Status', `${words(checks.status)} for ${duration(checks.since_seconds)}`], ['In a row', whole(checks.in_a_row)],
    ['Checks', isNumber(checks.checks) ? `${whole(checks.checks)}, ${whole(checks.failures)} failed` : null],
    ['Weight by agent', isNumber(checks.weight_percent) && checks.weight_percent !== 100 ? checks.weight_percent + ' %' : null]]) : el('p', { class: 'muted', text: 'Nobody checks this server.' }),
    checks?.results ? results(checks.results) : null));
  for (const [title, value] of [['Ejection', health?.ejection], ['Circuit breaker', health?.circuit]]) {
    if (value) result.push(section(title, facts(Object.entries(value).map(([key, one]) => [words(key), isNumber(one) ? count(Math.round(one * 1000) / 1000) : typeof one === 'object' ? JSON.stringify(one) : String(one)]))));
  }
  return result;
}

function kinds(byKind) {
  const parts = Object.entries(byKind ?? {}).filter(([, n]) => n > 0).map(([kind, n]) => `${words(kind)} ${whole(n)}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function latencies(rows) {
  const quantiles = ['p50', 'p90', 'p95', 'p99', 'max'];
  return el('table', { class: 'small' }, el('thead', {}, el('tr', {}, el('th', { text: 'Time' }), ...quantiles.map((name) => el('th', { scope: 'col', text: name })))),
    el('tbody', {}, ...rows.map(([name, of]) => el('tr', {}, el('th', { scope: 'row', text: name }), ...quantiles.map((q) => el('td', { text: ms(of?.[q]) }))))));
}

function results(list) {
  return el('ol', { class: 'results' }, ...list.map((one) => el('li', { data: { ok: String(one.ok) } }, icon(one.ok ? 'up' : 'down'),
    el('span', { text: one.text || (one.ok ? 'passed' : 'failed') }), el('span', { class: 'muted', text: `${ms(one.took_ms)} · ${duration(one.age_seconds)} ago` }))));
}
