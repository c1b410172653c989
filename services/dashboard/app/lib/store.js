// A value that many parts look at: get, set, and a hook that renders again when it changes.
import {useEffect, useState} from "./html.js";

export function store(value) {
  const watchers = new Set();
  const made = {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const watcher of [...watchers]) watcher(value);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    use() {
      const [seen, see] = useState(value);
      useEffect(() => {
        see(value); // It may have changed between the render and now.
        return made.watch(see);
      }, []);
      return seen;
    },
  };
  return made;
}

// The same, kept in this browser: a person's taste, never data of the organization.
export function kept(name, first) {
  let value = first;
  try {
    value = JSON.parse(localStorage.getItem(`porter.${name}`)) ?? first;
  } catch { /* Storage may be closed to us. */ }
  const made = store(value);
  made.watch((next) => {
    try {
      localStorage.setItem(`porter.${name}`, JSON.stringify(next));
    } catch { /* Then it lasts as long as the page. */ }
  });
  return made;
}
