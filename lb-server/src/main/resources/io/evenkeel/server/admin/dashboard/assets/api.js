// The admin API: JSON in and out, problem documents as errors. Addresses are relative to the page, so that it also
// works behind a prefix.

const BASE = 'api/v1/';

/** What the API answered when it was not what was asked for (RFC 9457). */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `the admin API answered ${status}`);
    this.status = status;
    this.errors = Array.isArray(problem?.errors) ? problem.errors : [];
  }
}

let onUnauthorized = () => {};

/** Hears of every 401. */
export function whenUnauthorized(listener) {
  onUnauthorized = listener;
}

/** Calls the API; the answer is its JSON, null for none. Throws ApiError, or TypeError if nobody answers. */
export async function call(method, path, body, headers = {}) {
  const init = { method, headers: { Accept: 'application/json, application/problem+json', ...headers }, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await fetch(BASE + path, init);
  let answer = null;
  const text = await response.text();
  if (text !== '') {
    try {
      answer = JSON.parse(text);
    } catch {
      if (response.ok) throw new ApiError(response.status, { detail: 'the answer is not JSON' });
    }
  }
  // Health is 503 where nothing can be served: that is an answer, not an error.
  if (!response.ok && !(response.status === 503 && path === 'health')) {
    // A wrong token at signing in is that dialog's own matter.
    if (response.status === 401 && !(method === 'POST' && path === 'session')) onUnauthorized();
    throw new ApiError(response.status, answer);
  }
  return answer;
}

export const get = (path) => call('GET', path);

/** The path of something that belongs to a balancer. */
export const of = (balancer, rest) => `balancers/${encodeURIComponent(balancer)}/${rest}`;

export const serverPath = (balancer, id) => of(balancer, `servers/${encodeURIComponent(id)}`);

/** The same call for a shell. */
export function curl(method, path, body) {
  const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  const url = new URL(BASE + path, document.baseURI).href;
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`;
  return `curl -X ${method} ${quote(url)}${data}`;
}

export const EVENTS = BASE + 'events?stats=true';
