// The organization's locations, and the one that this browser works for.
import {useLoad} from "./load.js";
import {kept} from "./store.js";
import {ownZone} from "./time.js";

const chosen = kept("location", "");

// {list, place, hasNone, choose(id), reload}: place is null until there is one; hasNone: there is none.
export function usePlace() {
  const found = useLoad("/v1/locations?limit=200");
  const id = chosen.use();
  const list = found.data?.locations ?? [];
  const place = list.find((one) => one.id === id) ?? list[0] ?? null;
  return {list, place, hasNone: found.data !== null && list.length === 0, zone: place?.timezone ?? ownZone, choose: (next) => chosen.set(next), isBusy: found.isBusy, problem: found.problem, reload: found.reload};
}
