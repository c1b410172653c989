// Paths to screens. A link is a plain <a href>: this file takes the click, nothing else has to know.
import {store} from "./store.js";

export const HOME = "/dashboard";
const here = () => ({path: location.pathname.replace(/\/+$/, "") || HOME, search: location.search});
export const place = store(here());

export function go(address, {replace = false} = {}) {
  const next = new URL(address, location.href);
  if (next.href !== location.href) history[replace ? "replaceState" : "pushState"](null, "", next);
  const before = place.get().path;
  place.set(here());
  if (!replace && before !== place.get().path) scrollTo(0, 0);
}

// The address' own parameters, and a way to change some: filters are part of the address, so they
// can be sent to a colleague.
export function useQuery() {
  const {path, search} = place.use();
  const words = Object.fromEntries(new URLSearchParams(search));
  const set = (changes) => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || value === null || value === undefined) next.delete(name);
      else next.set(name, value);
    }
    go(path + (next.size ? `?${next}` : ""), {replace: true});
  };
  return [words, set];
}

const ID = /^[a-z]+_[0-9a-z]+$/; // Nothing that could lead a request elsewhere.

// {id: …} when the path fits "/settings/webhooks/:id", else null.
export function fits(pattern, path) {
  const want = (HOME + pattern).split("/");
  const have = path.split("/");
  const found = {};
  if (want.length !== have.length) return null;
  for (const [at, word] of want.entries()) {
    if (word.startsWith(":") && ID.test(have[at])) found[word.slice(1)] = have[at];
    else if (word !== have[at]) return null;
  }
  return found;
}

// A link of ours may carry what no server's log may see behind "#": "/dashboard/#/invitation?token=…"
// becomes "/dashboard/invitation#token=…".
function followFragment() {
  const found = /^#(\/[a-z/-]+)\?(.+)$/.exec(location.hash);
  if (found) go(`${HOME}${found[1]}#${found[2]}`, {replace: true});
}

export function startRouter() {
  followFragment();
  addEventListener("hashchange", followFragment);
  addEventListener("popstate", () => place.set(here()));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (!link.pathname.startsWith(HOME)) return;
    event.preventDefault();
    go(link.href);
  });
}
