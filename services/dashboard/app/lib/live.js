// What changes while a screen is open. One long poll serves every part that listens. While the page is hidden there is none:
// a browser has six connections to Porter (HTTP/1.1), for all of its tabs.
import {byItself, get, reach} from "./api.js";
import {useEffect, useRef} from "./html.js";
import {session} from "./session.js";

const QUICK_MS = 1000; // An answer that came sooner did not wait: we must.
const BACKOFF_MAX_MS = 30_000;
const PAUSE_MS = 3000;
const listeners = new Set();
let since = null;
let sinceOf = null; // The organization whose changes `since` counts.
let isRunning = false;
let wasHidden = false; // Since the last answer.

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function visible() {
  if (!document.hidden) return Promise.resolve();
  wasHidden = true;
  return new Promise((done) => document.addEventListener("visibilitychange", done, {once: true}));
}

// Something was missed, nobody knows what: everything is read anew.
export function refresh() {
  byItself(() => { for (const listener of [...listeners]) listener(null); });
}

// work(signal), which is broken off when the page is hidden.
async function whileSeen(work) {
  const end = new AbortController();
  const look = () => document.hidden && end.abort();
  document.addEventListener("visibilitychange", look);
  try {
    return await work(end.signal);
  } finally {
    document.removeEventListener("visibilitychange", look);
  }
}

async function poll() {
  const began = Date.now();
  const {id} = session.get().organization;
  if (sinceOf !== id) since = null;
  sinceOf = id;
  const path = `/changes${since === null ? "" : `?since=${encodeURIComponent(since)}`}`;
  const answer = await whileSeen((signal) => get(path, {timeout: 40_000, signal, isByItself: true}));
  if (since === null && wasHidden) refresh(); // From where it counts is later than what is shown.
  wasHidden = false;
  since = answer.cursor;
  if (answer.changes.length > 0) {
    byItself(() => { for (const listener of [...listeners]) listener(answer.changes); });
  }
  if (Date.now() - began < QUICK_MS) await sleep(answer.changes.length > 0 ? QUICK_MS : PAUSE_MS);
}

async function run() {
  let wait = PAUSE_MS;
  while (listeners.size > 0 && session.get()) {
    try {
      await visible();
      await poll();
      wait = PAUSE_MS;
    } catch (problem) {
      if (problem.name === "AbortError") continue; // Hidden meanwhile; what it waited for is asked for again.
      if (problem.word === "invalid-cursor") {
        since = null;
        refresh();
      }
      await sleep(wait);
      wait = Math.min(2 * wait, BACKOFF_MAX_MS);
    }
  }
  isRunning = false;
}

// Calls work(changes) when something of these kinds changed ("visitor", "evacuation", "delivery" …),
// and when the line is back after a break.
export function useChanges(kinds, work) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    const listener = (changes) => {
      if (changes === null) return latest.current([]);
      const found = changes.filter((change) => kinds.some((kind) => change.type.startsWith(kind)));
      return found.length > 0 && latest.current(found);
    };
    listeners.add(listener);
    const stop = reach.watch((isThere) => isThere && byItself(() => latest.current([])));
    if (!isRunning) {
      isRunning = true;
      void run();
    }
    return () => {
      listeners.delete(listener);
      stop();
    };
  }, []);
}

// What no change tells of: work() every `ms` while the page is seen and `isOn`, unless the one before still runs.
export function useLook(ms, work, isOn = true) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (!isOn) return undefined;
    let look = null;
    const timer = setInterval(() => {
      if (document.hidden || look) return;
      look = Promise.resolve(byItself(() => latest.current())).finally(() => { look = null; });
    }, ms);
    return () => clearInterval(timer);
  }, [ms, isOn]);
}
