// Who is signed in, and what their role lets them do.
import {get, hooks, post} from "./api.js";
import {forgetAll} from "./load.js";
import {store} from "./store.js";

// undefined: not known yet; null: nobody.
export const session = store(undefined);
// Why it is not known: Porter answered, but not this.
export const trouble = store(null);
// It has ended while somebody was writing, whose words must not be lost.
export const hasEnded = store(false);

// The forms on the screen in which something was written (useForm).
export const drafts = new Set();

const RANKS = ["viewer", "front_desk", "admin", "owner"];
export const ROLES = {
  viewer: ["Viewer", "sees visitors, contractors, evacuations and webhooks, changes nothing"],
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
    trouble.set(null);
  } catch (problem) {
    trouble.set(problem);
    if (problem.status !== 401) throw problem;
    if (!session.get()) session.set(null); // Else the hook below has done what is to be done.
  }
}

export function entered(made) {
  if (made.person.id !== session.get()?.person.id) forgetAll();
  hasEnded.set(false);
  session.set(made);
}

export function leave() {
  forgetAll();
  hasEnded.set(false);
  session.set(null);
}

export async function signOut() {
  await post("/sign-out");
  leave();
}

hooks.signedOut = () => {
  if (!session.get()) return;
  if (drafts.size > 0 || document.querySelector("dialog[open] form")) hasEnded.set(true);
  else leave();
};
