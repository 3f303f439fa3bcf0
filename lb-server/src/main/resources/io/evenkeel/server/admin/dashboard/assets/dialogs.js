// Dialogs: what is to be done, in words, with its fields; then the call, and what the API has against it beside the
// field that it is about. Enter confirms, Escape leaves everything as it is.

import { call, curl } from './api.js';
import { el, icon } from './dom.js';

let serial = 0;

/**
 * Asks, and does it on confirmation. `calls(values)` gives what to send, as [{ method, path, body }], one after
 * another; `fields` are those made by `field`. Resolves to the answers, or to null if nothing was done.
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
    try {
      return calls(values());
    } catch {
      return [];
    }
  };
  const showCalls = () => {
    const list = wanted();
    shell.textContent = list.slice(0, 5).map(({ method, path, body }) => curl(method, path, body)).join('\n')
      + (list.length > 5 ? `\n# and ${list.length - 5} more` : '');
  };
  form.addEventListener('input', showCalls);
  api.addEventListener('toggle', showCalls);
  cancel.addEventListener('click', () => dialog.close());
  return new Promise((resolve) => {
    let answers = null;
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
      submit.disabled = true;
      const list = calls(values());
      const got = [];
      try {
        for (const { method, path, body } of list) {
          if (list.length > 1) progress.textContent = `${got.length + 1} of ${list.length}`;
          got.push(await call(method, path, body));
        }
        answers = got;
        dialog.close();
      } catch (failure) {
        showFailure(failure, got.length, list.length);
      } finally {
        submit.disabled = false;
        progress.textContent = '';
      }
    });
    function showFailure(failure, made, of) {
      let placed = false;
      for (const { pointer, detail } of failure.errors ?? []) {
        const field = fields.find((one) => pointer === '/' + one.name || pointer?.startsWith(`/${one.name}/`));
        if (field) {
          field.complain(detail, pointer.slice(field.name.length + 2));
          if (!placed) field.input.focus();
          placed = true;
        }
      }
      const text = failure instanceof TypeError ? 'The admin API does not answer.' : failure.message;
      error.textContent = made > 0 ? `${made} of ${of} are done, then: ${text}` : text;
      error.hidden = placed && made === 0;
    }
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (answers) done(answers);
      resolve(answers);
    });
    document.body.append(dialog);
    dialog.showModal();
    const first = fields[0]?.input ?? (danger ? cancel : submit);
    first.focus();
    if (first.select) first.select();
  });
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
  return {
    name, input, element, value: read,
    check() {
      const now = read();
      if (now === undefined) return optional ? null : 'is needed';
      if (type === 'number' && (!Number.isFinite(now) || (min !== undefined && now < min) || (max !== undefined && now > max) || (step === 1 && !Number.isInteger(now)))) {
        return `expected: ${step === 1 ? 'a whole number' : 'a number'}${min !== undefined ? ` from ${min}` : ''}${max !== undefined ? ` to ${max}` : ''}`;
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
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
