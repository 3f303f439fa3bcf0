// What the operator does to servers and to the selector; each asks first.

import { get, of, serverPath } from './api.js';
import { ask, field } from './dialogs.js';
import { $, el, icon, toast } from './dom.js';
import { bytes, plural, selectorText } from './format.js';
import { canWrite, current, store } from './store.js';

const serversOf = (balancer, ids) => ids.map((id) => store.balancers.get(balancer)?.byId.get(id)).filter(Boolean);
const naming = (ids) => (ids.length === 1 ? ids[0] : plural(ids.length, 'server'));

/** The servers by name, where there are several. */
const listed = (ids) => (ids.length < 2 ? null : el('p', { class: 'muted names', text: ids.slice(0, 12).join(', ') + (ids.length > 12 ? ` and ${ids.length - 12} more` : '') }));

/** Whose servers they are, where there are several balancers. */
const within = (balancer) => (store.balancers.size < 2 ? null : el('p', { class: 'muted' }, 'Balancer ', el('b', { text: balancer })));

/** What would be left: the warning that matters most. */
function warning(balancer, ids) {
  const rest = (store.balancers.get(balancer)?.servers ?? []).filter((server) => server.eligible && !ids.includes(server.id));
  if (rest.length > 0) return null;
  return el('p', { class: 'warning' }, icon('degraded'), el('span', { text: 'No eligible server would be left: new connections would be refused.' }));
}

const patch = (balancer, ids, body) => ids.map((id) => ({ method: 'PATCH', path: serverPath(balancer, id), body }));

function allowed() {
  if (!canWrite()) toast('Your token may only read.', 'warn');
  return canWrite();
}

const seconds = () => field('drain_seconds', 'Deadline in seconds', { type: 'number', min: 0, max: 86400, optional: true, placeholder: 'none: wait for all of them',
  hint: 'Nothing is cut: when the time is up, the events say what is still open.' });

/** run(ids, balancer): of the balancer that is shown when it is asked for, unless told; what is shown later is no matter. */
export const ACTIONS = {
  drain: { key: 'd', icon: 'draining', label: 'Drain…', run: drain },
  maintenance: { key: 'm', icon: 'maintenance', label: 'Maintenance…', run: maintenance },
  ready: { key: 'r', icon: 'up', label: 'Ready…', run: ready },
  weight: { key: 'w', icon: 'edit', label: 'Weight…', run: weight },
  remove: { key: 'Delete', icon: 'close', label: 'Remove…', run: remove, danger: true },
};

function drain(ids, balancer = store.chosen) {
  const open = serversOf(balancer, ids).reduce((all, server) => all + (server.in_flight ?? 0), 0);
  return allowed() && ask({
    title: `Drain ${naming(ids)}?`, confirm: 'Drain',
    text: [`New connections go to other servers; ${open === 0 ? 'none is open now' : `${plural(open, 'open connection')} may finish`}.`, within(balancer), listed(ids), warning(balancer, ids)],
    fields: [seconds()],
    calls: ({ drain_seconds }) => patch(balancer, ids, drain_seconds === undefined ? { state: 'drain' } : { state: 'drain', drain_seconds }),
    done: () => toast(`${naming(ids)}: draining`),
  });
}

function maintenance(ids, balancer = store.chosen) {
  return allowed() && ask({
    title: `Put ${naming(ids)} in maintenance?`, confirm: 'Maintenance',
    text: ['Gets nothing new until it is made ready again, whatever its health checks say.', within(balancer), listed(ids), warning(balancer, ids)],
    calls: () => patch(balancer, ids, { state: 'maintenance' }),
    done: () => toast(`${naming(ids)}: in maintenance`),
  });
}

function ready(ids, balancer = store.chosen) {
  return allowed() && ask({
    title: `Make ${naming(ids)} ready?`, confirm: 'Ready',
    text: ['Ends draining and maintenance. What health checks, ejection or the circuit breaker hold against it stays.', within(balancer), listed(ids)],
    calls: () => patch(balancer, ids, { state: 'ready' }),
    done: () => toast(`${naming(ids)}: ready`),
  });
}

function weight(ids, balancer = store.chosen) {
  const weights = new Set(serversOf(balancer, ids).map((server) => server.weight));
  const total = (store.balancers.get(balancer)?.servers ?? []).filter((server) => !ids.includes(server.id)).reduce((all, server) => all + server.weight, 0);
  const share = el('p', { class: 'muted' });
  const alarm = warning(balancer, ids);
  const input = field('weight', 'Weight', { type: 'number', min: 0, step: 1, value: weights.size === 1 ? [...weights][0] : '', hint: '0 gets nothing new. Selectors that know no weights do not go by it.' });
  const show = () => {
    const value = input.value();
    const all = total + value * ids.length;
    share.textContent = value >= 0 && all > 0 ? `${((100 * value * ids.length) / all).toFixed(1)} % of all weights` : '';
    if (alarm) alarm.hidden = value !== 0;
  };
  input.input.addEventListener('input', show);
  show();
  return allowed() && ask({
    title: `Weight of ${naming(ids)}`, confirm: 'Change weight', text: [within(balancer), listed(ids)],
    fields: [input, { ...NOTHING, element: el('div', { role: 'status' }, share, alarm) }],
    calls: (values) => patch(balancer, ids, { weight: values.weight }),
    done: () => toast(`${naming(ids)}: weight ${input.value()}`),
  });
}

/** Something to show among fields that is none. */
const NOTHING = { name: '', value: () => undefined, check: () => null, complain: () => {}, input: null };

function remove(ids, balancer = store.chosen) {
  const carried = serversOf(balancer, ids).reduce((all, server) => all + (server.traffic ? server.traffic.bytes_in + server.traffic.bytes_out : 0), 0);
  return allowed() && ask({
    title: `Remove ${naming(ids)}?`, confirm: 'Remove', danger: true,
    text: [`It leaves ${balancer} with its counters${carried > 0 ? ` (${bytes(carried)} carried)` : ''}. With a deadline it is drained first, for so long at most.`, listed(ids), warning(balancer, ids)],
    fields: [seconds()],
    calls: ({ drain_seconds }) => ids.map((id) => ({ method: 'DELETE', path: serverPath(balancer, id) + (drain_seconds === undefined ? '' : `?drain_seconds=${drain_seconds}`) })),
    done: ([answer]) => toast(`${naming(ids)}: ${answer && 'removing' in answer ? 'drains, then is removed' : 'removed'}`),
  });
}

/** A dialog for a new server of the balancer that is shown. */
export function add() {
  if (!allowed() || !store.chosen) return null;
  const balancer = store.chosen;
  const port = (current()?.servers ?? [])[0]?.port ?? '';
  const given = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return ask({
    title: `Add a server to ${balancer}`, confirm: 'Add server',
    fields: [
      field('host', 'Host', { placeholder: '10.0.0.7' }),
      field('port', 'Port', { type: 'number', min: 1, max: 65535, step: 1, value: port }),
      field('id', 'Id', { optional: true, placeholder: 'host:port' }),
      field('weight', 'Weight', { type: 'number', min: 0, step: 1, value: 1 }),
      field('tier', 'Tier', { type: 'number', min: 0, step: 1, optional: true, hint: '0 is used first; a higher one is backup.' }),
      field('zone', 'Zone', { optional: true }),
      field('max_concurrent', 'Limit of connections', { type: 'number', min: 1, step: 1, optional: true }),
    ],
    calls: (values) => [{ method: 'POST', path: of(balancer, 'servers'), body: given(values) }],
    done: ([server]) => toast(`${server?.id ?? 'The server'}: added`),
  });
}

const HINTS = {
  placement: ['Placement', 'envoy, ketama or nginx: whose ring to agree with'],
  minimum_size: ['Smallest ring', 'points, with placement envoy'],
  maximum_size: ['Largest ring', 'points, with placement envoy'],
  table_size: ['Table size', 'a prime, 100 for each server or more'],
  bounded: ['Bounded loads', 'ε: no server above (1 + ε) of its share, as 0.25'],
  zone: ['Own zone', 'its servers first'],
  subset: ['Subset', 'client index / size, as 3/20'],
  sticky_ttl: ['Sticky for', 'as 30m: the first pick of a key is remembered'],
  sticky_max: ['Sticky entries', 'at most'],
};

/** A dialog for another selector, with the options that it has. */
export async function changeSelector() {
  if (!allowed() || !store.chosen) return;
  const balancer = store.chosen;
  const now = current()?.algorithm;
  let algorithms;
  try {
    ({ algorithms } = await get(of(balancer, 'algorithms')));
  } catch (failure) {
    toast(failure.message, 'warn');
    return;
  }
  const name = field('name', 'Selector', { options: algorithms.map((one) => one.name), value: now?.name });
  const summary = el('span', { class: 'sub summary' });
  name.element.append(summary);
  const box = el('div', { class: 'options' });
  let options = [];
  const show = () => {
    const chosen = algorithms.find((one) => one.name === name.input.value);
    summary.textContent = [chosen?.summary, chosen?.keyed ? 'Goes by keys.' : null].filter(Boolean).join(' ');
    options = (chosen?.options ?? []).map((option) => {
      const key = typeof option === 'string' ? option : option.name;
      const [label, hint] = HINTS[key] ?? [key, undefined];
      return field(key, label, { optional: true, hint: (typeof option === 'object' && (option.summary ?? option.text)) || hint,
        value: chosen.name === now?.name ? now.options?.[key] ?? '' : '' });
    });
    box.replaceChildren(...options.map((option) => option.element));
  };
  name.input.addEventListener('change', show);
  show();
  const group = {
    ...NOTHING, name: 'options', element: box,
    value: () => Object.fromEntries(options.map((option) => [option.name, option.value()]).filter(([, value]) => value !== undefined)),
    complain: (text, name) => options.forEach((option) => option.complain(text && option.name === name ? text : null)),
    input: name.input,
  };
  await ask({
    title: `Selector of ${balancer}`, confirm: 'Change selector',
    text: `Now: ${selectorText(now)}. The change holds from the next pick; counters and health stay.`, fields: [name, group],
    calls: (values) => [{ method: 'PUT', path: of(balancer, 'algorithm'), body: { name: values.name, options: values.options } }],
    done: ([answer]) => toast(`Selector of ${balancer}: ${selectorText(answer)}`),
  });
}

/** The menu of a row. */
export function openMenu(id, button, details) {
  const menu = $('menu');
  const balancer = store.chosen;
  const item = (name, label, key, run, danger) =>
    el('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: danger ? 'danger' : '', on: { click: () => {
      menu.hidePopover();
      run();
    } } }, icon(name), el('span', { text: label }), el('kbd', { text: key, 'aria-hidden': 'true' }));
  menu.setAttribute('aria-label', `Actions for ${id}`);
  menu.replaceChildren(
    item('info', 'Details', '↵', () => details(id)),
    ...(canWrite() ? Object.values(ACTIONS).map((action) => item(action.icon, action.label, action.key === 'Delete' ? 'Del' : action.key, () => action.run([id], balancer), action.danger)) : []));
  menu.onkeydown = (event) => {
    const items = [...menu.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
      event.preventDefault();
    } else if (event.key === 'Tab') {
      menu.hidePopover();
    }
    event.stopPropagation();
  };
  button.focus(); // to which the browser gives the focus back
  menu.showPopover();
  const at = button.getBoundingClientRect();
  const height = menu.offsetHeight;
  menu.style.left = Math.max(8, at.right - menu.offsetWidth) + 'px';
  const below = at.bottom + height + 8 <= innerHeight;
  menu.style.top = Math.max(8, Math.min(below ? at.bottom + 4 : at.top - height - 4, innerHeight - height - 8)) + 'px';
  menu.firstElementChild.focus();
}
