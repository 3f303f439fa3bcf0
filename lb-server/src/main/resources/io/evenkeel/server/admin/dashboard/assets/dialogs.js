// Dialogs: what is to be done, in words, with its fields; then the call, and what the API has against it beside the
// field that it is about. Enter confirms, Escape leaves everything as it is, or as it has become so far.

import { call, curl } from './api.js';
import { $, el, icon, toast } from './dom.js';
import { store } from './store.js';

let serial = 0;

/** The dialogs that are open, the one on top last. */
const open = [];

/** Opens a dialog above all else; `closed` is called when it has been closed. */
export function showModal(dialog, closed = () => {}) {
  dialog.addEventListener('close', () => {
    open.splice(open.indexOf(dialog), 1);
    placeRegions();
    closed();
  }, { once: true });
  open.push(dialog);
  dialog.showModal();
  placeRegions();
}

/** What is outside of the dialog on top is inert, live regions too: they go along with it. */
function placeRegions() {
  (open.at(-1) ?? document.body).append($('toasts'), $('announce'));
}

/**
 * Asks, and does it on confirmation. `calls(values)` gives what to send, as [{ method, path, body }], one after
 * another; `fields` are those made by `field`. Where one fails, those made before are not sent again. Who leaves the
 * dialog while they are sent stops those that have not begun, and is told how many were made. Resolves to the
 * answers, or to null if not everything was done.
 */
export function ask({ title, text, fields = [], confirm, danger = false, calls, done = () => {} }) {
  const id = `dialog-${++serial}`;
  const error = el('p', { class: 'error', role: 'alert', hidden: true });
  const progress = el('span', { class: 'muted', role: 'status' });
  const submit = el('button', { type: 'submit', class: danger ? 'primary danger' : 'primary', text: confirm });
  const cancel = el('button', { type: 'button', text: 'Cancel' });
  const shell = el('pre', { class: 'shell', tabindex: '0' });
  const api = el('details', { class: 'api' }, el('summary', { text: 'The same by the API' }), shell);
  const form = el('form', { method: 'dialog', novalidate: true },
    el('h2', { id, text: title }),
    ...(Array.isArray(text) ? text : [text]).filter(Boolean).map((part) => (typeof part === 'string' ? el('p', { text: part }) : part)),
    ...fields.map((field) => field.element), error, api,
    el('div', { class: 'buttons' }, progress, cancel, submit));
  const dialog = el('dialog', { 'aria-labelledby': id }, form);
  const values = () => Object.fromEntries(fields.map((field) => [field.name, field.value()]));
  const wanted = () => {
    if (fields.some((field) => field.unreadable?.())) return [];
    try {
      return calls(values());
    } catch {
      return [];
    }
  };
  const showCalls = () => {
    const list = wanted();
    shell.textContent = list.slice(0, 5).map(({ method, path, body }) => curl(method, path, body, store.signedIn)).join('\n')
      + (list.length > 5 ? `\n# and ${list.length - 5} more` : '');
  };
  form.addEventListener('input', showCalls);
  api.addEventListener('toggle', showCalls);
  cancel.addEventListener('click', () => dialog.close());
  return new Promise((resolve) => {
    let list = [];
    let failed = null;
    let running = false;
    /** What was sent last, and its answer, by target: without the query, a server removed is gone whatever the deadline is now. */
    const made = new Map();
    const answerTo = ({ path, body }) => {
      const one = made.get(path.split('?')[0]);
      return one?.sent === JSON.stringify(body) ? one : undefined;
    };
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      error.hidden = true;
      for (const field of fields) field.complain(null);
      const wrong = fields.map((field) => [field, field.check()]).filter(([, complaint]) => complaint);
      if (wrong.length > 0) {
        for (const [field, complaint] of wrong) field.complain(complaint);
        wrong[0][0].input.focus();
        return;
      }
      list = calls(values());
      failed = null;
      running = submit.disabled = true;
      try {
        for (const [i, one] of list.entries()) {
          if (!dialog.open) break; // left: what has not begun does not begin
          if (answerTo(one)) continue;
          if (list.length > 1) progress.textContent = `${i + 1} of ${list.length}`;
          const target = one.path.split('?')[0];
          made.delete(target);
          made.set(target, { sent: JSON.stringify(one.body), answer: await send(one) });
        }
      } catch (failure) {
        failed = failure;
      }
      running = submit.disabled = false;
      progress.textContent = '';
      if (!dialog.open) finish();
      else if (failed) showFailure();
      else dialog.close();
    });
    /** What has come of several, if not all of them were made. */
    function partly(failure) {
      const count = list.filter(answerTo).length;
      const message = failure?.message ?? '';
      return count === 0 ? message : `${count} of ${list.length} made, ${list.length - count} not made${failure ? ': ' + message : '.'}`;
    }
    /** The dialog is closed and nothing is under way. */
    function finish() {
      const answers = list.length > 0 && list.every(answerTo) ? list.map((one) => answerTo(one).answer) : null;
      if (answers) done(answers);
      else if (partly(failed) !== '') toast(`${confirm}: ${partly(failed)}`, 'warn');
      resolve(answers);
    }
    function showFailure() {
      const failure = failed;
      failed = null; // it has been shown here
      let placed = false;
      for (const { pointer, detail } of failure.errors ?? []) {
        const field = fields.find((one) => pointer === '/' + one.name || pointer?.startsWith(`/${one.name}/`));
        if (field) {
          field.complain(detail, pointer.slice(field.name.length + 2));
          if (!placed) field.input.focus();
          placed = true;
        }
      }
      error.textContent = partly(failure);
      error.hidden = placed && !list.some(answerTo);
    }
    document.body.append(dialog);
    showModal(dialog, () => {
      dialog.remove();
      if (!running) finish();
    });
    const first = fields[0]?.input ?? (danger ? cancel : submit);
    first.focus();
    if (first.select) first.select();
  });
}

/** What is to be removed and is not there has been removed, by a call before whose answer was lost or by another. */
async function send({ method, path, body }) {
  try {
    return await call(method, path, body);
  } catch (failure) {
    if (method === 'DELETE' && failure.status === 404) return null;
    throw failure;
  }
}

/** A field of a dialog. `check(value)` gives a complaint or null; `optional` ones are left out when empty. */
export function field(name, label, { type = 'text', value = '', hint, optional = false, check, min, max, step, placeholder, options } = {}) {
  const id = `field-${++serial}`;
  const input = options
    ? el('select', { id, name }, ...options.map((option) => el('option', { value: option.value ?? option, text: option.text ?? option })))
    : el('input', { id, name, type, min, max, step, placeholder, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': `${id}-hint ${id}-error` });
  input.value = value;
  const complaint = el('span', { class: 'error', id: `${id}-error`, hidden: true });
  const element = el('label', { class: 'field', for: id }, el('span', {}, label, optional ? el('span', { class: 'muted', text: ' · optional' }) : null), input,
    hint ? el('span', { class: 'sub', id: `${id}-hint`, text: hint }) : null, complaint);
  const read = () => {
    const text = input.value.trim();
    if (text === '') return undefined;
    return type === 'number' ? Number(text) : text;
  };
  // Text that is no number: its value is '', as if nothing stood there.
  const unreadable = () => input.validity.badInput;
  return {
    name, input, element, value: read, unreadable,
    check() {
      const now = read();
      const expected = `expected: ${step === 1 ? 'a whole number' : 'a number'}${min !== undefined ? ` from ${min}` : ''}${max !== undefined ? ` to ${max}` : ''}`;
      if (unreadable()) return expected;
      if (now === undefined) return optional ? null : 'is needed';
      if (type === 'number' && (!Number.isFinite(now) || (min !== undefined && now < min) || (max !== undefined && now > max) || (step === 1 && !Number.isInteger(now)))) {
        return expected;
      }
      return check?.(now) ?? null;
    },
    complain(text) {
      complaint.textContent = text ?? '';
      complaint.hidden = !text;
      input.toggleAttribute('aria-invalid', Boolean(text));
    },
  };
}

/** A panel from the side, or a page of help: shown until it is closed. */
export function panel(className, title, ...children) {
  const id = `dialog-${++serial}`;
  const close = el('button', { type: 'button', class: 'icon-button', title: 'Close (Esc)' }, icon('close'), el('span', { class: 'sr', text: 'Close' }));
  const dialog = el('dialog', { class: className, 'aria-labelledby': id },
    el('div', { class: 'panel-head' }, el('h2', { id, text: title }), close), ...children);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  showModal(dialog, () => dialog.remove());
  return dialog;
}
