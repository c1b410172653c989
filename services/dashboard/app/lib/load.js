// Reading and doing, as hooks. What was read stays in memory, so a screen that was seen before is
// there at once and is read anew behind what it shows.
import {get, intent, Problem} from "./api.js";
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

// {data, problem, isBusy, reload(), set(data)} of a path; a null path reads nothing.
export function useLoad(path) {
  const [state, setState] = useState({path, data: seen.get(path) ?? null, problem: null, isBusy: path !== null});
  const turn = useRef(0);
  const reload = useCallback(async () => {
    if (path === null) return;
    const mine = ++turn.current;
    try {
      const data = await get(path);
      remember(path, data);
      if (mine === turn.current) setState({path, data, problem: null, isBusy: false});
    } catch (problem) {
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

// A list that goes on by cursors: {rows, more, isBusy, problem, next(), reload()}.
export function usePages(path, name) {
  const first = useLoad(path);
  const [later, setLater] = useState({path, rows: [], cursor: null, isBusy: false});
  const mine = later.path === path ? later : {path, rows: [], cursor: null, isBusy: false};
  const page = first.data?.pagination;
  const cursor = mine.rows.length > 0 ? mine.cursor : page?.has_more ? page.next_cursor : null;
  const next = useCallback(async () => {
    setLater({...mine, isBusy: true});
    try {
      const found = await get(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`);
      const known = new Set([...(first.data?.[name] ?? []), ...mine.rows].map((row) => row.id));
      setLater({
        path, rows: [...mine.rows, ...found[name].filter((row) => row.id === undefined || !known.has(row.id))],
        cursor: found.pagination?.has_more ? found.pagination.next_cursor : null, isBusy: false,
      });
    } catch (problem) {
      setLater({...mine, isBusy: false, problem});
    }
  }, [path, cursor, first.data, later]);
  return {
    rows: first.data ? [...first.data[name], ...mine.rows] : null, total: page?.total_count,
    more: cursor !== null && cursor !== undefined, isBusy: first.isBusy || mine.isBusy,
    problem: first.problem ?? mine.problem ?? null, next, reload: first.reload,
  };
}

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
      problem = fault;
      if (fault.status !== 0 && fault.status !== 503) name.current = null;
    } finally {
      isBusy.current = false;
      if (isThere.current) setState({isBusy: false, problem});
    }
    return problem ? undefined : made ?? true;
  };
  return {...state, run, clear: () => setState({isBusy: false, problem: null})};
}
