// The organization's locations, and the one that this browser works for.
import {get} from "./api.js";
import {useEffect, useState} from "./html.js";
import {useLoad} from "./load.js";
import {session} from "./session.js";
import {kept} from "./store.js";
import {ownZone} from "./time.js";

const chosen = kept("location", "");

// {list, hasMore, place, hasNone, choose(id), reload}: the list is the first page of all; place is null until there is
// one; hasNone: there is none.
export function usePlace() {
  const found = useLoad("/v1/locations?limit=200");
  const id = chosen.use();
  const list = found.data?.locations ?? [];
  const hasMore = found.data?.pagination.has_more ?? false;
  const near = list.find((one) => one.id === id);
  const far = useLoad(id && hasMore && !near ? `/v1/locations/${id}` : null);
  const isUnsure = far.isBusy || (far.problem && far.problem.status !== 404); // Then nobody is shown another one.
  const place = near ?? far.data ?? (isUnsure ? null : list[0] ?? null);
  return {
    list, hasMore, place, hasNone: found.data !== null && list.length === 0, zone: place?.timezone ?? ownZone, choose: (next) => chosen.set(next),
    isBusy: found.isBusy || far.isBusy, problem: found.problem ?? (place ? null : far.problem), reload: () => Promise.all([found.reload(), far.reload()]),
  };
}

const FAR_MAX = 500;
const away = new Map(); // Those of other pages, each asked for once however many rows show it.
let awayOf = null;      // Whose they are.

function askFor(id) {
  const mine = session.get()?.person.id;
  if (awayOf !== mine || away.size >= FAR_MAX) away.clear();
  awayOf = mine;
  if (!away.has(id)) away.set(id, get(`/v1/locations/${id}`).catch(() => { away.delete(id); return null; }));
  return away.get(id);
}

// A location by its id, also one that is not on the first page; null: it is not there (yet).
export function usePlaceOf(places, id) {
  const near = places.list.find((one) => one.id === id);
  const isFar = Boolean(id && places.hasMore && !near);
  const [found, setFound] = useState(null);
  useEffect(() => {
    if (!isFar) return undefined;
    let isThere = true;
    askFor(id).then((place) => isThere && setFound(place));
    return () => { isThere = false; };
  }, [id, isFar]);
  return near ?? (found?.id === id ? found : null);
}
