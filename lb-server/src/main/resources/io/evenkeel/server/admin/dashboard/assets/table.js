// The servers of one balancer: filtered, sorted, and of them only the rows that can be seen. A row keeps its server
// while it is on the screen, so focus and a pointer stay with the server that they are on; and while there is either,
// the order stays, too.

import { $, el, icon, setHidden, setText } from './dom.js';
import { STATES, plural, stateIcon, stateWord } from './format.js';
import { COLUMNS, byState, checkText, createRow, updateRow, updateSpark } from './rows.js';
import { current } from './store.js';

const NARROW = matchMedia('(max-width: 1010px)');
const EXTRA_ROWS = 4;
/** With more servers than these the table scrolls by itself. */
const GROWS_TO = 16;
const NATURAL = new Intl.Collator(undefined, { numeric: true });

export class Table {
  #rows = new Map();
  #spare = [];
  #list = [];
  #sort = { key: 'state', down: false };
  #states = new Set();
  #query = '';
  #active = null;
  #above = el('tr', { 'aria-hidden': 'true', class: 'space', role: 'presentation' });
  #below = el('tr', { 'aria-hidden': 'true', class: 'space', role: 'presentation' });
  #hovered = false;

  /** open(id), menu(id, button), chosen(ids) are called for what the user does with rows. */
  constructor({ open, menu, chosen }) {
    this.open = open;
    this.menu = menu;
    this.onChosen = chosen;
    this.picked = new Set();
    this.scroll = $('table-scroll');
    this.table = $('table');
    this.body = $('table-body');
    this.body.append(this.#above, this.#below);
    this.#head();
    this.scroll.addEventListener('scroll', () => this.#window(), { passive: true });
    this.body.addEventListener('pointerenter', () => (this.#hovered = true));
    this.body.addEventListener('pointerleave', () => (this.#hovered = false));
    this.body.addEventListener('click', (event) => {
      if (!event.target.closest('button, label, input')) {
        const row = event.target.closest('tr[data-id]');
        if (row) this.open(row.dataset.id);
      }
    });
    this.scroll.addEventListener('keydown', (event) => this.#key(event));
    this.body.addEventListener('focusin', (event) => {
      const row = event.target.closest('tr[data-id]');
      if (row) this.#activate(row.dataset.id);
    });
    $('filter').addEventListener('input', (event) => {
      this.#query = event.target.value.trim().toLowerCase();
      this.scroll.scrollTop = 0;
      this.render(true);
    });
    NARROW.addEventListener('change', () => this.render(true));
    new ResizeObserver(() => {
      for (const row of this.#rows.values()) row.spark = undefined;
      this.render();
    }).observe(this.scroll);
  }

  /** The server that keys without a target mean: of the focused row. */
  get active() {
    return this.body.contains(document.activeElement) ? this.#active : null;
  }

  /** Another balancer: nothing is chosen in it, and the top is seen. */
  reset() {
    this.picked.clear();
    this.#states.clear();
    this.#active = null;
    this.scroll.scrollTop = 0;
    this.redraw();
  }

  /** Everything anew, as after a change of theme. */
  redraw() {
    for (const row of this.#rows.values()) row.spark = undefined;
    this.render(true);
  }

  unpick() {
    this.picked.clear();
    this.render();
  }

  /** Shows what the store has; `reorder` even where the user is at it. */
  render(reorder = false) {
    const balancer = current();
    const servers = balancer?.servers ?? [];
    for (const id of this.picked) if (!balancer?.byId.has(id)) this.picked.delete(id);
    this.#chips(servers);
    const wanted = servers.filter((server) => this.#matches(server));
    const held = !reorder && (this.#hovered || this.body.contains(document.activeElement));
    this.#list = held ? this.#keepOrder(wanted) : wanted.sort(this.#order());
    this.scroll.dataset.long = String(this.#list.length > GROWS_TO);
    this.table.setAttribute('aria-rowcount', String(this.#list.length + 1));
    setHidden($('table-empty'), this.#list.length > 0);
    setText($('table-empty'), servers.length === 0
      ? balancer ? 'This balancer has no servers.' : 'Loading…'
      : 'No server fits the filter.');
    const all = $('pick-all');
    all.checked = this.#list.length > 0 && this.#list.every((server) => this.picked.has(server.id));
    all.indeterminate = !all.checked && this.picked.size > 0;
    this.#window();
    this.onChosen([...this.picked]);
  }

  #matches(server) {
    if (this.#states.size > 0 && !this.#states.has(server.state)) return false;
    if (this.#query === '') return true;
    const text = [server.id, `${server.host}:${server.port}`, server.zone, stateWord(server.state), checkText(server.check),
      ...Object.entries(server.metadata ?? {}).flat(), ...(server.blocks ?? []).map((block) => block.cause)];
    return this.#query.split(/\s+/).every((word) => text.some((part) => String(part ?? '').toLowerCase().includes(word)));
  }

  #order() {
    const { key, down } = this.#sort;
    const column = COLUMNS.find((one) => one.key === key);
    const by = column.by ?? byState(STATES);
    const sign = down ? -1 : 1;
    return (a, b) => {
      const x = by(a);
      const y = by(b);
      if (x !== y) {
        if (x === null) return 1;
        if (y === null) return -1;
        const order = column.text ? NATURAL.compare(x, y) : x - y;
        if (order !== 0) return sign * order;
      }
      return NATURAL.compare(a.id, b.id);
    };
  }

  /** As they were, those that came since at the end. */
  #keepOrder(wanted) {
    const place = new Map(this.#list.map((server, i) => [server.id, i]));
    const at = (server) => place.get(server.id) ?? Infinity;
    return wanted.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
  }

  #height() {
    return NARROW.matches ? 152 : 54;
  }

  #window() {
    const height = this.#height();
    const shown = this.scroll.clientHeight || 600;
    const top = Math.max(0, this.scroll.scrollTop - this.body.offsetTop);
    const first = Math.max(0, Math.min(Math.floor(top / height) - EXTRA_ROWS, this.#list.length - 1));
    const end = Math.min(this.#list.length, Math.ceil((top + shown) / height) + EXTRA_ROWS);
    const visible = this.#list.slice(first, end);
    const ids = new Set(visible.map((server) => server.id));
    for (const [id, row] of this.#rows) {
      if (!ids.has(id)) {
        // Focus must not fall to the page's top because its row was scrolled away.
        if (row.tr.contains(document.activeElement)) this.scroll.focus({ preventScroll: true });
        this.#rows.delete(id);
        row.tr.remove();
        this.#spare.push(row);
      }
    }
    this.#above.style.height = first * height + 'px';
    this.#below.style.height = (this.#list.length - end) * height + 'px';
    // Tab leads to some row always, though the active one may be filtered out or far away.
    const stop = ids.has(this.#active) ? this.#active : visible[0]?.id;
    let before = this.#above;
    visible.forEach((server, i) => {
      let row = this.#rows.get(server.id);
      if (!row) {
        row = this.#spare.pop() ?? createRow((one) => this.#pick(one), (one) => this.menu(one.id, one.part.menu));
        this.#rows.set(server.id, row);
      }
      if (before.nextElementSibling !== row.tr) before.after(row.tr);
      before = row.tr;
      updateRow(row, server, first + i, this.picked.has(server.id));
    });
    this.#tabStop(stop);
    // Only now: a layout while rows are missing would make the table short, and have it scrolled back.
    for (const server of visible) updateSpark(this.#rows.get(server.id), server);
    if (this.#spare.length > 64) this.#spare.length = 64;
  }

  #pick(row) {
    if (row.part.box.checked) this.picked.add(row.id);
    else this.picked.delete(row.id);
    this.render();
  }

  #activate(id) {
    if (this.#active === id) return;
    this.#active = id;
    this.#tabStop(id);
  }

  #tabStop(id) {
    for (const { tr, id: own } of this.#rows.values()) {
      const tabindex = own === id ? '0' : '-1';
      if (tr.getAttribute('tabindex') !== tabindex) tr.setAttribute('tabindex', tabindex);
    }
  }

  #key(event) {
    if (event.target.closest('thead') || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    const at = this.#list.findIndex((server) => server.id === this.#active);
    if (event.key in steps) {
      const to = Math.max(0, Math.min(this.#list.length - 1, (at < 0 ? 0 : at) + steps[event.key]));
      this.focus(this.#list[to]?.id);
      event.preventDefault();
    } else if (at >= 0 && event.key === 'Enter' && event.target.matches('tr, .table-scroll')) {
      this.open(this.#active);
      event.preventDefault();
    } else if (at >= 0 && event.key === ' ' && event.target.matches('tr')) {
      if (!this.picked.delete(this.#active)) this.picked.add(this.#active);
      this.render();
      event.preventDefault();
    }
  }

  /** Moves the focus to a server's row, or to the first if that one is not shown. */
  focus(wanted = this.#active) {
    const at = Math.max(0, this.#list.findIndex((server) => server.id === wanted));
    if (at >= this.#list.length) return;
    const { id } = this.#list[at];
    this.#activate(id);
    const height = this.#height();
    const top = this.body.offsetTop + at * height;
    const head = this.body.offsetTop;
    if (top - head < this.scroll.scrollTop) this.scroll.scrollTop = top - head;
    else if (top + height > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = top + height - this.scroll.clientHeight;
    this.#window();
    const row = this.#rows.get(id)?.tr;
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  #head() {
    const cells = COLUMNS.map((column) => {
      if (column.key === 'pick') {
        return el('th', { role: 'columnheader', scope: 'col', class: 'c-pick' }, el('label', {},
          el('input', { type: 'checkbox', id: 'pick-all', on: { change: (event) => this.#pickAll(event.target.checked) } }),
          el('span', { class: 'sr', text: 'Choose all that are shown' })));
      }
      if (column.key === 'menu') return el('th', { role: 'columnheader', scope: 'col', class: 'c-menu' }, el('span', { class: 'sr', text: column.label }));
      return el('th', { role: 'columnheader', scope: 'col', class: 'c-' + column.key, data: { key: column.key } },
        el('button', { type: 'button', class: 'sort', text: column.label, on: { click: () => this.#sortBy(column.key) } }));
    });
    $('table-head').append(...cells);
    const select = $('sort');
    for (const column of COLUMNS) {
      if ('by' in column) select.append(el('option', { value: column.key, text: 'by ' + column.label.toLowerCase() }));
    }
    select.addEventListener('change', () => this.#sortBy(select.value));
    this.#markSorted();
  }

  #sortBy(key) {
    const first = key !== 'state' && key !== 'id';
    this.#sort = { key, down: this.#sort.key === key ? !this.#sort.down : first };
    this.#markSorted();
    this.scroll.scrollTop = 0;
    this.render(true);
  }

  #markSorted() {
    for (const th of $('table-head').children) {
      const { key, down } = this.#sort;
      if (th.dataset.key === key) th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
    }
    $('sort').value = this.#sort.key;
  }

  #pickAll(on) {
    for (const server of this.#list) {
      if (on) this.picked.add(server.id);
      else this.picked.delete(server.id);
    }
    this.render();
  }

  /** One chip per state that some server is in, with how many. */
  #chips(servers) {
    const counts = new Map();
    for (const { state } of servers) counts.set(state, (counts.get(state) ?? 0) + 1);
    const box = $('chips');
    const states = STATES.filter((state) => counts.has(state) || this.#states.has(state));
    const text = states.map((state) => `${state}${counts.get(state) ?? 0}${this.#states.has(state)}`).join();
    if (box.dataset.shown === text) return;
    box.dataset.shown = text;
    const had = box.contains(document.activeElement) ? document.activeElement.dataset.state : null;
    box.replaceChildren(
      ...states.map((state) =>
        el('button', { type: 'button', class: 'chip', 'aria-pressed': String(this.#states.has(state)), data: { state }, on: { click: () => this.#toggle(state) } },
          icon(stateIcon(state)), el('span', { text: stateWord(state) }), el('b', { text: String(counts.get(state) ?? 0) }))),
      el('span', { class: 'muted', text: `${plural(servers.length, 'server')}` }));
    if (had) box.querySelector(`[data-state="${had}"]`)?.focus();
  }

  #toggle(state) {
    if (!this.#states.delete(state)) this.#states.add(state);
    this.scroll.scrollTop = 0;
    this.render(true);
  }
}
