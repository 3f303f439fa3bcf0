// The servers of one balancer: filtered, sorted, and of them only the rows that can be seen. A row keeps its server
// while it is on the screen, so focus and a pointer stay with the server that they are on; and while there is either,
// the order stays, too.
//
// For the keyboard and for screen readers it is a grid whose rows can have the focus: one stop for Tab, arrows within,
// the row itself to the left of its first cell (as in the ARIA practices' treegrid). A cell that holds a box or a
// button gives the focus to that.

import { $, el, icon, setData, setHidden, setText } from './dom.js';
import { STATES, plural, stateIcon, stateWord } from './format.js';
import { COLUMNS, checkText, createRow, updateRow, updateSpark } from './rows.js';
import { current } from './store.js';

/** Where the style sheet has cards instead of rows, and where it leaves a column out. */
const NARROW = matchMedia('(max-width: 1010px)');
const ONE_LESS = matchMedia('(max-width: 1290px)');
const EXTRA_ROWS = 4;
/** With more servers than these the table scrolls by itself. */
const GROWS_TO = 16;
/** Where the focus is when it is in the head: no server's id, which are texts. */
const HEAD = Symbol('head');
/** The place of the row itself among its cells. */
const ROW = -1;
const NATURAL = new Intl.Collator(undefined, { numeric: true });

export class Table {
  #rows = new Map();
  #spare = [];
  #list = [];
  #sort = { key: 'state', down: false };
  #states = new Set();
  #query = '';
  /** The server whose row had the focus last, or HEAD, and which of its cells. */
  #active = null;
  #column = ROW;
  /** What Tab leads to. */
  #stop = null;
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
    this.table.addEventListener('focusin', ({ target }) => {
      const row = target.closest('tr');
      this.#active = row.dataset.id ?? HEAD;
      this.#column = target.closest('td, th')?.cellIndex ?? ROW;
      this.#moveStop(target);
    });
    $('filter').addEventListener('input', (event) => {
      this.#query = event.target.value.trim().toLowerCase();
      this.scroll.scrollTop = 0;
      this.render(true);
    });
    for (const width of [NARROW, ONE_LESS]) width.addEventListener('change', () => this.#resized());
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
    this.#column = ROW;
    this.scroll.scrollTop = 0;
    this.redraw();
  }

  /** Everything anew, as after a change of theme. */
  redraw() {
    for (const row of this.#rows.values()) row.spark = undefined;
    this.render(true);
  }

  /** The cell that had the focus may be none any more. */
  #resized() {
    const had = this.table.contains(document.activeElement);
    this.#column = ROW;
    if (this.#active === HEAD) this.#active = null;
    this.render(true);
    if (had) this.focus();
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
    setData(this.scroll, 'long', String(this.#list.length > GROWS_TO));
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
    const { by } = column;
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
    // Tab leads to some row always, though the active one may be filtered out or far away.
    this.#moveStop(this.#element(this.#active, this.#column) ?? this.#element(visible[0]?.id, ROW));
    // Only now: a layout while rows are missing would make the table short, and have it scrolled back.
    for (const server of visible) updateSpark(this.#rows.get(server.id), server);
    if (this.#spare.length > 64) this.#spare.length = 64;
  }

  #pick(row) {
    if (row.part.box.checked) this.picked.add(row.id);
    else this.picked.delete(row.id);
    this.render();
  }

  /** What has the focus when a row or a cell has it; null for what is not on the screen. */
  #element(id, column) {
    const row = id === HEAD ? $('table-head') : this.#rows.get(id)?.tr;
    if (!row || column === ROW) return row ?? null;
    return row.cells[column].querySelector('input, button') ?? row.cells[column];
  }

  #moveStop(element) {
    if (this.#stop === element) return;
    // A cell without a tabindex leaves clicks to its row.
    if (this.#stop?.matches('td, th')) this.#stop.removeAttribute('tabindex');
    else this.#stop?.setAttribute('tabindex', '-1');
    element?.setAttribute('tabindex', '0');
    this.#stop = element;
  }

  #key(event) {
    const { key, target } = event;
    const isCell = target.closest('td, th') !== null;
    const across = { ArrowRight: 1, ArrowLeft: -1, ...(isCell && !event.ctrlKey ? { Home: -Infinity, End: Infinity } : {}) }[key];
    const down = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[key];
    if (event.metaKey || event.altKey || (event.ctrlKey && key !== 'Home' && key !== 'End')) return;
    const isPlain = target.matches('tr[data-id], td, .table-scroll') && this.#list.some((server) => server.id === this.#active);
    if (across) {
      this.#across(across);
    } else if (down) {
      this.#down(down);
    } else if (isPlain && key === 'Enter') {
      this.open(this.#active);
    } else if (isPlain && key === ' ') {
      if (!this.picked.delete(this.#active)) this.picked.add(this.#active);
      this.render();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** To another cell of the row, of those that are shown at this width; left of the first is the row itself. */
  #across(step) {
    const row = this.#element(this.#active, ROW);
    if (!row) return;
    const places = [ROW, ...[...row.cells].filter((cell) => cell.getClientRects().length > 0).map((cell) => cell.cellIndex)];
    const at = places.indexOf(this.#column) + step;
    // Home is the first cell, not the row.
    this.#column = places[Math.max(step < -1 ? 1 : 0, Math.min(places.length - 1, at))];
    this.#take();
  }

  /** To another row, over the first of which is the head, if it is seen. */
  #down(step) {
    if (step < 0 && this.#active === HEAD) return;
    const at = this.#list.findIndex((server) => server.id === this.#active);
    if (step === -1 && at === 0 && !NARROW.matches) {
      this.#active = HEAD;
      this.#take();
    } else if (this.#list.length > 0) {
      const from = step < 0 ? Math.max(0, at) : at;
      this.#go(this.#list[Math.max(0, Math.min(this.#list.length - 1, from + step))].id);
    }
  }

  /** Gives the focus to the row that had it last, or to the first; without any, to what may bring them back. */
  focus() {
    const shown = this.#list.find((server) => server.id === this.#active) ?? this.#list[0];
    this.#column = ROW;
    if (shown) this.#go(shown.id);
    else $('filter').focus();
  }

  /** Scrolls a server's row into view and moves the focus to it, or to the same cell of it. */
  #go(id) {
    this.#active = id;
    const height = this.#height();
    const top = this.#list.findIndex((server) => server.id === id) * height;
    const head = this.body.offsetTop;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (head + top + height > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = head + top + height - this.scroll.clientHeight;
    this.#window();
    this.#take();
  }

  #take() {
    const element = this.#element(this.#active, this.#column);
    this.#moveStop(element);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #head() {
    const cells = COLUMNS.map((column) => {
      if (column.key === 'pick') {
        return el('th', { role: 'columnheader', scope: 'col', class: 'c-pick' }, el('label', {},
          el('input', { type: 'checkbox', id: 'pick-all', tabindex: '-1', on: { change: (event) => this.#pickAll(event.target.checked) } }),
          el('span', { class: 'sr', text: 'Choose all that are shown' })));
      }
      if (column.key === 'menu') return el('th', { role: 'columnheader', scope: 'col', class: 'c-menu' }, el('span', { class: 'sr', text: column.label }));
      return el('th', { role: 'columnheader', scope: 'col', class: 'c-' + column.key, data: { key: column.key } },
        el('button', { type: 'button', class: 'sort', tabindex: '-1', text: column.label, on: { click: () => this.#sortBy(column.key) } }));
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
