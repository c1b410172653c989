// Who was on site when an evacuation began, and who of them was found. A mark counts when it is stored: who is looked for
// must not be taken for found.
import {Text} from "./basic.js";
import {tell} from "./toast.js";
import {get, intent, post, query} from "../lib/api.js";
import {html, useCallback, useEffect, useRef, useState} from "../lib/html.js";
import {useLoad} from "../lib/load.js";
import {session} from "../lib/session.js";

const PAGE_MAX = 200;
const PAGE_REST_MS = 250; // For each page that was read: a person may ask ten times a second, and marks come first.
const MOVES = ["full_name", "accounted_for", "accounted_for_at", "accounted_for_by"]; // The rest of a roster stands still.

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The whole roster, also of one that is longer than an answer shows: [people, how many pages].
async function rosterOf(id, first) {
  if (first.on_site.length >= first.on_site_count) return [first.on_site, 0];
  const all = [];
  let pages = 0;
  for (let cursor = ""; cursor !== null; pages++) {
    const page = await get(`/v1/evacuations/${id}/on-site${query({limit: PAGE_MAX, cursor})}`, {isByItself: true});
    all.push(...page.on_site);
    cursor = page.pagination.has_more ? page.pagination.next_cursor : null;
  }
  return [all, pages];
}

// What was read, with the marks of this page that it does not know of yet. Those who are as they were stay the same objects:
// only the rows of the others are made anew.
function merged(old, all, version, marks) {
  const before = new Map(old?.map((one) => [one.visitor_id, one]));
  for (const [who, mark] of marks) if (mark.version <= version) marks.delete(who);
  return all.map((read) => {
    const one = {...read, ...marks.get(read.visitor_id)?.changes};
    const known = before.get(one.visitor_id);
    return known && MOVES.every((name) => known[name] === one[name]) ? known : one;
  });
}

// Reads what `of` has begun, one reading at a time: of many pages on a slow line none would ever end, if the next one put an
// end to it.
function usePeople(id, of, marks) {
  const [people, setPeople] = useState(null);
  const wanted = useRef(null);
  const isRunning = useRef(false);
  const read = async () => {
    isRunning.current = true;
    while (wanted.current) {
      const first = wanted.current;
      wanted.current = null;
      // When the rest can't be read, those who are shown stay.
      const [all, pages] = await rosterOf(id, first).catch(() => [null, 1]);
      setPeople((old) => all || !old ? merged(old, all ?? first.on_site, first.updated_at, marks) : old);
      await sleep(pages * PAGE_REST_MS);
    }
    isRunning.current = false;
  };
  useEffect(() => {
    wanted.current = of;
    if (of && !isRunning.current) void read();
  }, [of]);
  useEffect(() => () => { wanted.current = null; }, []);
  return [people, setPeople];
}

// {of, people, unsure, mark(person, isFound), …}; unsure: of whom a mark is being stored, by their ids.
export function useRoster(id) {
  const evacuation = useLoad(`/v1/evacuations/${id}`, {isVersioned: true});
  const marks = useRef(new Map()).current;
  const [people, setPeople] = usePeople(id, evacuation.data, marks);
  const [unsure, setUnsure] = useState(new Set());
  const underWay = useRef(new Set()).current;
  const {reload} = evacuation;
  // Was it done? What went wrong is told.
  const mark = useCallback(async (person, isFound) => {
    const who = person.visitor_id;
    if (underWay.has(who)) return false;
    underWay.add(who);
    setUnsure(new Set(underWay));
    const by = session.get().person.name;
    let isDone = false;
    try {
      const list = {[isFound ? "accounted_for" : "missing"]: [who]};
      const {updated_at: version} = await post(`/v1/evacuations/${id}/roll-call`, {...list, marked_by: by}, {intent: intent()});
      const changes = {accounted_for: isFound, accounted_for_by: isFound ? by : null, accounted_for_at: isFound ? new Date().toISOString() : null};
      marks.set(who, {version, changes});
      setPeople((all) => all?.map((one) => one.visitor_id === who ? {...one, ...changes} : one) ?? all);
      isDone = true;
    } catch (problem) {
      tell(problem, html`<${Text} of=${person.full_name} /> was not marked.`);
      void reload();
    }
    underWay.delete(who);
    setUnsure(new Set(underWay));
    return isDone;
  }, [id, reload]);
  return {of: evacuation.data, people, unsure, mark, problem: evacuation.problem, reload, set: evacuation.set};
}
