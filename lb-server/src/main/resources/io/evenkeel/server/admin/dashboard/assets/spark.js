// The small curve in a row: connections per second over ten minutes.

import { colours } from './dom.js';

let palette = null;

/** The theme has changed. */
export function forgetColours() {
  palette = null;
}

export function drawSpark(canvas, values) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0 || height === 0) return;
  palette ??= colours('s1', 's1-soft');
  const scale = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!values || values.length < 2) return;
  let top = 0;
  for (const value of values) if (value > top) top = value;
  const floor = height - 1;
  const x = (i) => width - 1 - (values.length - 1 - i) * ((width - 2) / Math.max(59, values.length - 1));
  const y = (value) => floor - (top === 0 ? 0 : (Math.max(0, value ?? 0) / top) * (height - 3));
  context.beginPath();
  values.forEach((value, i) => (i === 0 ? context.moveTo(x(i), y(value)) : context.lineTo(x(i), y(value))));
  context.strokeStyle = palette.s1;
  context.lineWidth = 1.25;
  context.lineJoin = 'round';
  context.stroke();
  context.lineTo(x(values.length - 1), floor);
  context.lineTo(x(0), floor);
  context.fillStyle = palette['s1-soft'];
  context.fill();
}
