// Whoever got an invitation's link chooses a name and a password here.
import {post} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {HOME, go} from "../lib/router.js";
import {ROLES, entered} from "../lib/session.js";
import {Fault, Text, Waiting} from "../parts/basic.js";
import {Field, Form, useForm} from "../parts/form.js";
import {toast} from "../parts/toast.js";

function Accept({token, invitation}) {
  const isNew = invitation.kind === "invitation";
  const form = useForm({name: "", password: ""}, async ({name, password}, intent) => {
    await post("/invitations/accept", {token, password, ...(isNew ? {name: name.trim()} : {})}, {intent});
    try {
      entered(await post("/sign-in", {email: invitation.email, password}));
    } catch (problem) { // The link is used and the password holds: what is left is the sign-in, which asks for a code, too.
      if (problem.word !== "code-required") toast("Your password is set. Sign in with it.");
    }
  });
  const [role, words] = ROLES[invitation.role] ?? [invitation.role, ""];
  return html`<h1>${isNew ? html`Join <${Text} of=${invitation.organization} />` : "Choose a new password"}</h1>
    <p>${isNew ? html`You were invited as <strong>${role}</strong>: ${words}.` : html`For ${invitation.email} at <${Text} of=${invitation.organization} />. All your sessions end.`}</p>
    <${Form} form=${form} submit=${isNew ? "Join" : "Set the password"} onDone=${() => go(HOME, {replace: true})}>
      <input type="email" class="hidden" autocomplete="username" value=${invitation.email} readonly tabindex="-1" aria-hidden="true" />
      ${isNew && html`<${Field} form=${form} name="name" label="Your name" autocomplete="name" autofocus />`}
      <${Field} form=${form} name="password" type="password" label="Choose a password" autocomplete="new-password" autofocus=${!isNew}
        hint="At least 12 characters. A few words that you can remember are better than one that you can’t." /></${Form}>`;
}

export function Screen() {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token") ?? "");
  const [state, setState] = useState({});
  useEffect(() => {
    document.title = "Join – Porter";
    post("/invitation/look", {token}).then((invitation) => setState({invitation}), (problem) => setState({problem}));
  }, []);
  return html`<div class="guest-card"><span class="mark big" aria-hidden="true">P</span>
    ${state.invitation ? html`<${Accept} token=${token} invitation=${state.invitation} />`
      : state.problem ? html`<h1>This invitation does not work</h1><${Fault} problem=${state.problem} />
        <p>It works once and for a limited time. Ask whoever invited you for a new one.</p>` : html`<${Waiting} />`}</div>`;
}
