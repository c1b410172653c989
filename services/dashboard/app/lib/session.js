// Who is signed in, and what their role lets them do.
import {get, hooks, post} from "./api.js";
import {forgetAll} from "./load.js";
import {store} from "./store.js";

// undefined: not known yet; null: nobody.
export const session = store(undefined);

const RANKS = ["viewer", "front_desk", "admin", "owner"];
export const ROLES = {
  viewer: ["Viewer", "sees everything, changes nothing"],
  front_desk: ["Front desk", "checks visitors in and out, approves contractors, runs evacuations"],
  admin: ["Admin", "also webhooks, API keys and people"],
  owner: ["Owner", "everything"],
};

export function may(role) {
  return RANKS.indexOf(session.get()?.person.role) >= RANKS.indexOf(role);
}

export async function readSession() {
  try {
    session.set(await get("/session"));
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    session.set(null);
  }
}

export function entered(made) {
  if (made.person.id !== session.get()?.person.id) forgetAll();
  session.set(made);
}

export async function signOut() {
  await post("/sign-out");
  forgetAll();
  session.set(null);
}

hooks.signedOut = () => {
  if (session.get()) {
    forgetAll();
    session.set(null);
  }
};
