// Reading and doing, as hooks. What was read stays in memory, so a screen that was seen before is
// there at once and is read anew behind what it shows.
import {get, intent, likeNow, Problem} from "./api.js";
import {useCallback, useEffect, useRef, useState} from "./html.js";

const seen = new Map();
const SEEN_MAX = 100;

function remember(path, data) {
  seen.delete(path);
  seen.set(path, data);
  if (seen.size > SEEN_MAX) seen.delete(seen.keys().next().value);
}

// Another person signs in: nothing of the one before is shown.
export function forgetAll() {
  seen.clear();
}

// {data, problem, isBusy, reload(), set(data)} of a path; a null path reads nothing. isVersioned: what has not changed since is
// not sent again, and stays the same object. Not of what has members that its version says nothing of.
export function useLoad(path, {isVersioned = false} = {}) {
  const [state, setState] = useState({path, data: seen.get(path) ?? null, problem: null, isBusy: path !== null});
  const turn = useRef(0);
  const reload = useCallback(async () => {
    if (path === null) return;
    const mine = ++turn.current;
    try {
      const data = await get(path, isVersioned ? {unless: seen.get(path)} : {});
      remember(path, data);
      if (mine === turn.current) setState({path, data, problem: null, isBusy: false});
    } catch (problem) {
      if (problem.status === 403 || problem.status === 404) seen.delete(path); // It is gone, or not theirs.
      if (mine === turn.current) setState({path, data: seen.get(path) ?? null, problem, isBusy: false});
    }
  }, [path]);
  useEffect(() => {
    setState({path, data: seen.get(path) ?? null, problem: null, isBusy: path !== null});
    void reload();
    return () => { turn.current++; };
  }, [reload]);
  const set = useCallback((data) => {
    turn.current++;
    remember(path, data);
    setState({path, data, problem: null, isBusy: false});
  }, [path]);
  // The render between a new path and its effect shows nothing of the old one.
  const own = state.path === path ? state : {data: seen.get(path) ?? null, problem: null, isBusy: path !== null};
  return {...own, reload, set};
}

const AGAIN_MAX = 8; // Pages that are read anew; of a longer list the rest stays as it was.
const cursorOf = (page) => page?.pagination?.has_more ? page.pagination.next_cursor : null;
const pageAt = (path, cursor, more) => get(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`, more);

// Without those that are in `before` already: a list moves while one goes through it.
function fresh(rows, before) {
  const known = new Set(before.map((row) => row.id));
  return rows.filter((row) => row.id === undefined || !known.has(row.id));
}

// A list that goes on by cursors: {rows, more, isBusy, problem, next(), reload()}. Reading it anew
// reads all that is shown, and changes it at once.
export function usePages(path, name) {
  const first = useLoad(path);
  const [later, setLater] = useState({path, rows: [], cursor: null, isBusy: false});
  const mine = later.path === path ? later : {path, rows: [], cursor: null, isBusy: false};
  const turn = useRef(0); // Of two that read at once the later one counts.
  const cursor = mine.rows.length > 0 ? mine.cursor : cursorOf(first.data);
  const rows = first.data ? [...first.data[name], ...fresh(mine.rows, first.data[name])] : null;
  const next = async () => {
    const own = ++turn.current;
    setLater({...mine, isBusy: true});
    try {
      const found = await pageAt(path, cursor);
      if (own === turn.current) setLater({path, rows: [...mine.rows, ...fresh(found[name], rows)], cursor: cursorOf(found), isBusy: false});
    } catch (problem) {
      if (own === turn.current) setLater({...mine, isBusy: false, problem});
    }
  };
  const again = async () => {
    const own = ++turn.current;
    const want = rows.length;
    const more = likeNow();
    try {
      const top = await get(path, more);
      const found = [];
      let at = cursorOf(top);
      for (let pages = 1; at !== null && top[name].length + found.length < want && pages < AGAIN_MAX; pages++) {
        const page = await pageAt(path, at, more);
        found.push(...page[name]);
        at = cursorOf(page);
      }
      if (own !== turn.current) return;
      const isAll = at === null || top[name].length + found.length >= want;
      first.set(top);
      setLater({path, rows: isAll ? found : [...found, ...fresh(mine.rows, found)], cursor: isAll ? at : mine.cursor, isBusy: false});
    } catch (problem) {
      if (own === turn.current) setLater({...mine, isBusy: false, problem});
    }
  };
  const latest = useRef(null);
  const anew = () => {
    if (mine.problem) setLater({...mine, problem: null});
    return first.reload();
  };
  latest.current = mine.rows.length === 0 || mine.isBusy ? anew : again;
  useEffect(() => () => { turn.current++; }, [path]);
  const reload = useCallback(() => latest.current(), []);
  return {
    rows, total: first.data?.pagination?.total_count, more: cursor !== null && cursor !== undefined,
    isBusy: first.isBusy || mine.isBusy, problem: first.problem ?? mine.problem ?? null, next, reload,
  };
}

// Was it done? Nobody knows, so the next try must carry the same name.
const isUnsure = (fault) => fault.status === 0 || fault.status === 408 || fault.status >= 500 || fault.word === "idempotency-in-progress";

// Something a person does: while it runs a second click does nothing, and when the line broke the
// next try carries the same name, so it is done once.
export function useAction(work) {
  const [state, setState] = useState({isBusy: false, problem: null});
  const name = useRef(null);
  const isBusy = useRef(false);
  const isThere = useRef(true);
  useEffect(() => () => { isThere.current = false; }, []);
  const run = async (...words) => {
    if (isBusy.current) return undefined;
    isBusy.current = true;
    name.current ??= intent();
    setState({isBusy: true, problem: null});
    let problem = null;
    let made;
    try {
      made = await work(name.current, ...words);
      name.current = null;
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
      problem = fault.word === "idempotency-mismatch" ? new Problem(fault.status, {title: "The first try was done after all",
        detail: "What you have changed since was not. Close this, look at what is there, and change it if need be."}) : fault;
      if (!isUnsure(fault) && !fault.isUnsent) name.current = null;
    } finally {
      isBusy.current = false;
      if (isThere.current) setState({isBusy: false, problem});
    }
    return problem ? undefined : made ?? true;
  };
  return {...state, run, clear: () => setState({isBusy: false, problem: null})};
}
