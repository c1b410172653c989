// Where a thing is looked at, by its id; null when it has no page.
import {HOME} from "./router.js";

const PAGES = {whk: "/settings/webhooks/", key: "/settings/api/", evac: "/evacuations/", evt: "/events/"};

export function linkOf(id) {
  const [prefix] = (id ?? "").split("_");
  return prefix in PAGES ? `${HOME}${PAGES[prefix]}${id}` : null;
}
