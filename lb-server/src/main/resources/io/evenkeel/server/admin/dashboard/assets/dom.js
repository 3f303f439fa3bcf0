// Makes elements. Whatever comes from the API gets onto the page as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (id) => document.getElementById(id);

/** An element; `props` may hold class, text, data, on (listeners), and otherwise attributes. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'text') element.textContent = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name === 'on') {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** One of the icons in index.html, for the eye alone. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', '#i-' + name);
  svg.append(use);
  return svg;
}

export function setIcon(svg, name) {
  const use = svg.firstElementChild;
  if (use.getAttribute('href') !== '#i-' + name) use.setAttribute('href', '#i-' + name);
}

/** Writes only what differs: an update that changes nothing costs no layout. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setData(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** What this browser is to keep, if it may. */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem('evenkeel.' + name);
    else localStorage.setItem('evenkeel.' + name, value);
  } catch {
    // It holds for this visit, then.
  }
}

export function kept(name) {
  try {
    return localStorage.getItem('evenkeel.' + name);
  } catch {
    return null;
  }
}

/** Makes an element like another by writing only what differs: text that somebody has selected stays selected. */
export function morph(node, like) {
  if (node.nodeName !== like.nodeName) {
    node.replaceWith(like);
    return;
  }
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== like.data) node.data = like.data;
    return;
  }
  for (const { name, value } of like.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  for (const { name } of [...node.attributes]) if (!like.hasAttribute(name)) node.removeAttribute(name);
  const before = [...node.childNodes];
  const after = [...like.childNodes];
  after.forEach((child, i) => (i < before.length ? morph(before[i], child) : node.append(child)));
  for (const child of before.slice(after.length)) child.remove();
}

/** The colours of the theme as a canvas takes them. */
export function colours(...names) {
  const probe = el('span', { class: 'sr' });
  document.body.append(probe);
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

/** Says shortly what was done. */
export function toast(text, kind = 'ok') {
  const box = el('div', { class: 'toast', data: { kind } },
    icon(kind === 'ok' ? 'check' : 'degraded'), el('span', { text }));
  $('toasts').append(box);
  setTimeout(() => box.remove(), kind === 'ok' ? 5000 : 10000);
}
