// The admin API: JSON in and out, problem documents as errors. Addresses are relative to the page, so that it also
// works behind a prefix.

const BASE = 'api/v1/';
const PATIENCE_SECONDS = 10;

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
  const init = {
    method, headers: { Accept: 'application/json, application/problem+json', ...headers }, credentials: 'same-origin', cache: 'no-store',
    signal: AbortSignal.timeout(PATIENCE_SECONDS * 1000),
  };
  if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let response;
  let text;
  try {
    response = await fetch(BASE + path, init);
    text = await response.text();
  } catch (failure) {
    throw new TypeError(init.signal.aborted ? unanswered(method) : 'The admin API does not answer.', { cause: failure });
  }
  let answer = null;
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

const unanswered = (method) =>
  `The admin API has not answered for ${PATIENCE_SECONDS} seconds${method === 'GET' ? '' : '; it may have done what was asked'}.`;

export const get = (path) => call('GET', path);

/** The path of something that belongs to a balancer. */
export const of = (balancer, rest) => `balancers/${encodeURIComponent(balancer)}/${rest}`;

export const serverPath = (balancer, id) => of(balancer, `servers/${encodeURIComponent(id)}`);

/** The same call for a shell; `withToken` if nobody may without one, which is the user's to put in. */
export function curl(method, path, body, withToken) {
  const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  const url = new URL(BASE + path, document.baseURI).href;
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`;
  const token = withToken ? ' -H "Authorization: Bearer $TOKEN"' : '';
  return `curl -X ${method} ${quote(url)}${token}${data}`;
}

export const EVENTS = BASE + 'events?stats=true';
