// The cards at the top: what is now, over a curve of the last hour. uPlot draws; the number follows the pointer.

/* global uPlot */
import { $, colours, el, setText } from './dom.js';
import { bytes, clock, count, ms, rate } from './format.js';
import { store } from './store.js';

const bytesRate = (x) => (x === null || x === undefined ? '–' : bytes(x) + '/s');

/** Of each card: its curves, of history's fields, what the number above says now, and the least height of the axis. */
const CARDS = [
  { id: 'open', title: 'Connections open', series: [{ key: 'open', text: count }],
    more: ({ connections: c }) => [`${count(c.accepted)} accepted`, c.waiting > 0 ? `${count(c.waiting)} waiting` : null, c.refused > 0 ? `${count(c.refused)} refused` : null] },
  { id: 'rate', title: 'Connections per second', series: [{ key: 'connections', text: rate }],
    more: ({ balancers }) => [`${count(sum(balancers, 'picks'))} picks`, `${count(sum(balancers, 'in_flight'))} in flight`] },
  { id: 'bytes', title: 'Bytes per second', least: 100, series: [{ key: 'bytes_out', text: bytesRate, label: 'to clients' }, { key: 'bytes_in', text: bytesRate, label: 'from clients' }],
    more: ({ bytes: b }) => [`${bytes(b.out)} out`, `${bytes(b.in)} in`] },
  { id: 'errors', title: 'Errors per second', series: [{ key: 'errors', text: rate, colour: 'bad' }],
    more: ({ errors }) => [`${count(errors.total)} in all`] },
  { id: 'latency', title: 'First byte, worst p99', series: [{ key: 'p99_ms', text: ms, colour: 's3' }], more: () => [] },
  { id: 'eligible', title: 'Servers in service', series: [{ key: 'eligible', text: count, colour: 'good', step: true }],
    more: () => {
      const balancers = store.health?.balancers ?? [];
      return [`of ${count(balancers.reduce((all, one) => all + one.servers, 0))}`, balancers.length > 1 ? `${balancers.length} balancers` : null];
    } },
];

const LIVE = {
  open: ({ connections }) => connections.open,
  connections: ({ connections }) => connections.per_second,
  bytes_in: ({ bytes: b }) => b.in_per_second,
  bytes_out: ({ bytes: b }) => b.out_per_second,
  errors: ({ errors }) => errors.per_second,
  eligible: () => (store.health?.balancers ?? []).reduce((all, one) => all + one.eligible, 0),
};

const SHORTEST_SPAN = 600;
const HOUR = 3600;

const sum = (balancers, key) => Object.values(balancers ?? {}).reduce((all, one) => all + (one[key] ?? 0), 0);

let cards = [];

export function createCharts() {
  $('cards').append(...CARDS.map(createCard));
  new ResizeObserver(() => {
    for (const card of cards) card.plot?.setSize(sizeOf(card));
  }).observe($('cards'));
}

function createCard(spec) {
  const values = spec.series.map(() => el('span', { class: 'value', text: '–' }));
  const labels = spec.series.map((series, i) => el('span', { class: 'reading', data: { series: series.key } },
    series.label ? el('span', { class: 'swatch', data: { n: String(i) }, 'aria-hidden': 'true' }) : null, values[i],
    series.label ? el('span', { class: 'sub', text: series.label }) : null));
  const when = el('span', { class: 'when muted' });
  const more = el('span', { class: 'more muted' });
  const holder = el('div', { class: 'plot', 'aria-hidden': 'true' });
  const element = el('article', { class: 'card metric', id: 'card-' + spec.id, 'aria-label': spec.title },
    el('div', { class: 'metric-head' }, el('h3', { text: spec.title }), when),
    el('div', { class: 'readings' }, ...labels), more, holder);
  cards.push({ spec, values, when, more, holder, plot: null, hovered: false });
  return element;
}

const sizeOf = (card) => ({ width: Math.max(80, card.holder.clientWidth), height: Math.max(60, card.holder.clientHeight) });

function span() {
  const times = store.history.times;
  const end = times.at(-1) ?? Date.now() / 1000;
  const start = Math.max(end - HOUR, Math.min(times[0] ?? end, end - SHORTEST_SPAN));
  return [start, end];
}

function dataOf(card) {
  return [store.history.times, ...card.spec.series.map((series) => store.history[series.key])];
}

function createPlot(card) {
  const look = colours('s1', 's1-soft', 's2', 's2-soft', 's3', 's3-soft', 'bad', 'bad-soft', 'good', 'good-soft', 'grid', 'muted');
  const axis = { stroke: look.muted, font: '10px Inter, system-ui, sans-serif', ticks: { show: false }, grid: { stroke: look.grid, width: 1 } };
  const names = card.spec.series.map((series, i) => series.colour ?? 's' + (i + 1));
  const short = card.spec.series[0].text;
  return new uPlot({
    ...sizeOf(card),
    padding: [6, 12, 0, 0], // half of a label may stand out
    legend: { show: false },
    cursor: { sync: { key: 'evenkeel' }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
    scales: { x: { time: true, range: () => span() }, y: { range: (u, low, high) => [0, Math.max(high * 1.08, card.spec.least ?? 1)] } },
    axes: [
      { ...axis, size: 18, gap: 3, space: 48, grid: { show: false }, values: (u, times) => times.map((time) => clock(new Date(time * 1000)).slice(0, 5)) },
      { ...axis, size: 46, gap: 4, space: 24, values: (u, ticks) => ticks.map((tick) => short(tick).replace('/s', '')) },
    ],
    series: [{}, ...card.spec.series.map((series, i) => ({
      stroke: look[names[i]], fill: look[names[i] + '-soft'], width: 1.5, points: { show: false }, spanGaps: false,
      paths: series.step ? uPlot.paths.stepped({ align: 1 }) : undefined,
    }))],
    hooks: { setCursor: [(u) => hover(card, u.cursor.idx)] },
  }, dataOf(card), card.holder);
}

/** The pointer is over a moment of the hour, in this card or another, or over none. */
function hover(card, index) {
  const time = index === null || index === undefined ? undefined : store.history.times[index];
  card.hovered = time !== undefined;
  setText(card.when, card.hovered ? clock(new Date(time * 1000)) : '');
  if (card.hovered) card.spec.series.forEach((series, i) => setText(card.values[i], series.text(store.history[series.key][index])));
  else readings(card);
}

function readings(card) {
  if (!store.metrics || card.hovered) return;
  card.spec.series.forEach((series, i) => {
    const live = LIVE[series.key];
    setText(card.values[i], series.text(live ? live(store.metrics) : store.history?.[series.key].at(-1)));
  });
  setText(card.more, card.spec.more(store.metrics).filter(Boolean).join(' · '));
}

/** The numbers; and the curves, if they have a new point. */
export function renderCharts() {
  for (const card of cards) {
    readings(card);
    if (!store.history) continue;
    const newest = store.history.times.at(-1);
    if (!card.plot) {
      card.plot = createPlot(card);
    } else if (card.newest !== newest || card.data !== store.history) {
      card.plot.setData(dataOf(card));
    }
    card.newest = newest;
    card.data = store.history;
  }
}

/** Everything anew, in the colours that hold now. */
export function recolourCharts() {
  for (const card of cards) {
    card.plot?.destroy();
    card.plot = null;
    card.hovered = false;
  }
  renderCharts();
}
