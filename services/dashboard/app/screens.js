// Every screen: its path, its module, and its place in the navigation. To add one: a row here, and
// a module that exports Screen.
import {fits} from "./lib/router.js";

const load = {
  overview: () => import("./screens/overview.js"),
  desk: () => import("./screens/desk.js"),
  contractors: () => import("./screens/contractors.js"),
  evacuations: () => import("./screens/evacuations.js"),
  evacuation: () => import("./screens/evacuation.js"),
  keys: () => import("./screens/keys.js"),
  key: () => import("./screens/key.js"),
  webhooks: () => import("./screens/webhooks.js"),
  webhook: () => import("./screens/webhook.js"),
  delivery: () => import("./screens/delivery.js"),
  event: () => import("./screens/event.js"),
  people: () => import("./screens/people.js"),
  audit: () => import("./screens/audit.js"),
  account: () => import("./screens/account.js"),
  signIn: () => import("./screens/sign_in.js"),
  invitation: () => import("./screens/invitation.js"),
  lost: () => import("./screens/lost.js"),
};

// shortcut: the letter after "g".
export const links = [
  {path: "/overview", name: "Overview", icon: "chart", load: load.overview, shortcut: "o"},
  {path: "/desk", name: "Front desk", icon: "desk", load: load.desk, shortcut: "d", isHome: true},
  {path: "/contractors", name: "Contractors", icon: "worker", load: load.contractors, shortcut: "c"},
  {path: "/evacuations", name: "Evacuation", icon: "siren", load: load.evacuations, shortcut: "e"},
  {path: "/settings/api", name: "API", icon: "key", load: load.keys, group: "Settings", role: "admin", shortcut: "k"},
  {path: "/settings/webhooks", name: "Webhooks", icon: "hook", load: load.webhooks, group: "Settings", shortcut: "w"},
  {path: "/settings/people", name: "People", icon: "people", load: load.people, group: "Settings", role: "admin", shortcut: "p"},
  {path: "/settings/audit", name: "Audit log", icon: "log", load: load.audit, group: "Settings", role: "admin", shortcut: "l"},
];

// isOpen: for people who are not signed in; role: the least that may see it.
const screens = [
  ...links.map(({path, load: fetched, role}) => ({path, load: fetched, role})),
  {path: "/evacuations/:id", load: load.evacuation},
  {path: "/settings/api/:id", load: load.key, role: "admin"},
  {path: "/settings/webhooks/:id", load: load.webhook},
  {path: "/settings/webhooks/:id/deliveries/:deliveryId", load: load.delivery},
  {path: "/events/:id", load: load.event},
  {path: "/account", load: load.account},
  {path: "/sign-in", load: load.signIn, isOpen: true},
  {path: "/invitation", load: load.invitation, isOpen: true},
];

export function find(path) {
  for (const screen of screens) {
    const values = fits(screen.path, path);
    if (values) return {...screen, values, key: path};
  }
  return {load: load.lost, values: {}, key: "lost", isOpen: false};
}
