// What the page knows: the last moment that the server told of, and what was chosen here. Others read it and are
// told when it has changed.

export const store = {
  role: 'write',
  /** Whether the admin server has tokens, one of which the user gave. */
  signedIn: false,
  health: null,
  metrics: null,
  /** By name: { algorithm, servers, byId }. */
  balancers: new Map(),
  chosen: null,
  /** When the last statistics came, by performance.now(). */
  heard: 0,
  history: null,
  events: [],
};

const EVENTS_KEPT = 1000;

/** The balancer whose tab is open; null before anything is known. */
export const current = () => store.balancers.get(store.chosen) ?? null;

export const canWrite = () => store.role === 'write';

export function putBalancer(name, algorithm, servers) {
  const before = store.balancers.get(name);
  const byId = new Map();
  for (const server of servers) {
    if (server.spark === undefined) server.spark = before?.byId.get(server.id)?.spark;
    byId.set(server.id, server);
  }
  store.balancers.set(name, { algorithm: algorithm ?? before?.algorithm ?? null, servers, byId });
}

/** Takes one second's statistics. */
export function putStats(stats) {
  store.health = stats.health;
  store.metrics = stats.metrics;
  for (const name of store.balancers.keys()) {
    if (!(name in stats.balancers)) store.balancers.delete(name);
  }
  for (const [name, { algorithm, servers }] of Object.entries(stats.balancers)) {
    putBalancer(name, algorithm, servers);
  }
  if (!store.balancers.has(store.chosen)) store.chosen = store.balancers.keys().next().value ?? null;
  store.heard = performance.now();
  appendHistory(stats);
}

const SERIES = ['open', 'connections', 'errors', 'bytes_in', 'bytes_out', 'p99_ms', 'eligible'];
const POINTS_KEPT = 720;
let pending = null;

/** Takes the last hour; what is live comes on top. */
export function putHistory(history) {
  const length = Math.max(0, ...SERIES.map((name) => history[name]?.length ?? 0));
  const times = Array.from({ length }, (_, i) => history.end_unix - (length - 1 - i) * history.step_seconds);
  const data = { step: history.step_seconds, times };
  for (const name of SERIES) data[name] = history[name] ?? new Array(length).fill(null);
  store.history = data;
  pending = null;
}

/** The mean, or where it says what is open the last, of as many seconds as a step has. */
function appendHistory({ time_unix: time, health, metrics }) {
  const history = store.history;
  if (!history) return;
  const { connections, bytes, errors } = metrics;
  pending ??= { n: 0, connections: 0, errors: 0, bytes_in: 0, bytes_out: 0 };
  pending.n++;
  pending.connections += connections.per_second ?? 0;
  pending.errors += errors.per_second ?? 0;
  pending.bytes_in += bytes.in_per_second ?? 0;
  pending.bytes_out += bytes.out_per_second ?? 0;
  const last = history.times.at(-1) ?? time - history.step;
  if (time < last + history.step) return;
  history.times.push(time);
  for (const name of ['connections', 'errors', 'bytes_in', 'bytes_out']) history[name].push(pending[name] / pending.n);
  history.open.push(connections.open);
  history.eligible.push(health.balancers.reduce((sum, balancer) => sum + balancer.eligible, 0));
  history.p99_ms.push(typeof metrics.p99_ms === 'number' ? metrics.p99_ms : worstP99());
  pending = null;
  if (history.times.length > POINTS_KEPT) {
    history.times.shift();
    for (const name of SERIES) history[name].shift();
  }
}

/**
 * The slowest server's p99 of the time to the first byte, where the statistics have no p99_ms: near to what the history
 * has, which is the slowest listener's.
 */
function worstP99() {
  let worst = null;
  for (const { servers } of store.balancers.values()) {
    for (const { traffic } of servers) {
      const p99 = traffic?.first_byte_ms?.p99;
      if (typeof p99 === 'number' && (worst === null || p99 > worst)) worst = p99;
    }
  }
  return worst;
}

/** The number of the last event that is known. */
export const lastSeq = () => store.events[0]?.seq ?? 0;

/** The log as it is; newest first from here on. */
export function putEvents(events) {
  store.events = [...events].reverse().slice(0, EVENTS_KEPT);
}

export function addEvent(event) {
  if (event.seq <= lastSeq()) return false;
  store.events.unshift(event);
  if (store.events.length > EVENTS_KEPT) store.events.pop();
  return true;
}
