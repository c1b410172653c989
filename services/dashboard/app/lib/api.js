// The only file that calls fetch(). Answers are objects; everything that goes wrong is a Problem.
import {store} from "./store.js";

const ROOT = "/dashboard/api";
const TIMEOUT_MS = 30_000;
const UNSAFE = new Set(["POST", "PUT", "PATCH", "DELETE"]);

// Can we reach Porter? Seen by the banner.
export const reach = store(true);

// What to do when nobody is signed in, and when the password must be confirmed; the shell says.
export const hooks = {signedOut: () => {}, confirm: async () => false};

export class Problem extends Error {
  constructor(status, body = {}, headers = new Headers()) {
    super(body.detail || body.title || `Porter answered ${status}`);
    this.status = status;
    this.title = body.title || "That did not work";
    this.word = (body.type || "").split("/").pop() || body.code || "";
    this.faults = body.errors || [];
    this.current = body.current || null;
    this.requestId = headers.get("X-Request-Id") || "";
    this.retryAfter = Number(headers.get("Retry-After")) || 0;
  }

  // The faults by field, the first of each: {"host.email": "…"}.
  get fields() {
    const found = {};
    for (const fault of this.faults) found[fault.field ?? ""] ??= fault.detail;
    return found;
  }
}

// What is wrong before anything was sent: it says nothing of a try before, whose answer may have been lost.
export function unsent(title, errors) {
  const detail = errors.map((fault) => `${fault.field}: ${fault.detail}`).join("; ");
  return Object.assign(new Problem(422, {title, detail, errors}), {isUnsent: true});
}

// One name for one intent. Whoever sends an intent again (a second click, a retry after a broken
// line) uses the same name, so it is done once.
export function intent() {
  return crypto.randomUUID();
}

let isByItself = false;

// Runs work(): what it asks for at once, the page asks by itself, and that is no use of the session.
export function byItself(work) {
  const before = isByItself;
  isByItself = true;
  try {
    return work();
  } finally {
    isByItself = before;
  }
}

// For who asks more than once: `more` of what follows, which is asked as what is asked now.
export const likeNow = () => ({isByItself});

// Of which version an answer is. Who has one asks for it `unless` it is still the same, and then gets that one.
const versions = new WeakMap();

function signalOf({signal, timeout = TIMEOUT_MS}) {
  const late = AbortSignal.timeout(timeout);
  return signal ? AbortSignal.any([signal, late]) : late;
}

function requestOf(method, body, more) {
  const headers = {Accept: "application/json"};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (UNSAFE.has(method)) headers["Idempotency-Key"] = more.intent || intent();
  if (more.ifMatch) headers["If-Match"] = more.ifMatch;
  if (more.isByItself) headers["Porter-Background"] = "1";
  if (versions.has(more.unless)) headers["If-None-Match"] = versions.get(more.unless);
  return {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin", cache: more.cache || "no-store", redirect: "error", signal: signalOf(more),
  };
}

function answerOf(response, text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(response.status, {title: "An answer that is not ours", detail: "Something between this browser and Porter answered instead of it."});
  }
}

async function once(method, path, body, more) {
  let response;
  let text;
  try {
    response = await fetch(ROOT + path, requestOf(method, body, more));
    text = await response.text(); // The line may break in the middle of it.
  } catch (fault) {
    if (more.signal?.aborted) throw fault;
    reach.set(false);
    throw new Problem(0, {title: "Porter can’t be reached", detail: "It may not have been done: check the connection and try again."});
  }
  reach.set(true);
  if (response.status === 304) return more.unless;
  const answer = answerOf(response, text);
  if (method === "GET" && answer && response.headers.has("ETag")) versions.set(answer, response.headers.get("ETag"));
  if (response.ok) return answer;
  throw new Problem(response.status, answer || {}, response.headers);
}

export async function call(method, path, body, more = {}) {
  const sent = UNSAFE.has(method) ? {intent: intent(), ...more} : more;
  try {
    return await once(method, path, body, sent);
  } catch (problem) {
    if (problem.word === "sign-in-required") hooks.signedOut();
    if (problem.word !== "confirmation-required" || sent.unasked) throw problem;
    if (!await hooks.confirm()) throw problem;
    return once(method, path, body, sent);
  }
}

export const get = (path, more) => call("GET", path, undefined, {isByItself, ...more});
export const post = (path, body, more) => call("POST", path, body, more);
export const put = (path, body, more) => call("PUT", path, body, more);
export const patch = (path, body, more) => call("PATCH", path, body, more);
export const remove = (path, more) => call("DELETE", path, undefined, more);

// "?a=1&b=2" of what is not empty; an array's entries each.
export function query(values) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of [value].flat()) if (one !== undefined && one !== null && one !== "") words.append(name, one);
  }
  const text = words.toString();
  return text ? `?${text}` : "";
}
