// Sign-in: e-mail and password; a code only when the account has one.
import {post} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {entered} from "../lib/session.js";
import {Field, Form, useForm} from "../parts/form.js";

export function Screen() {
  const [needsCode, setNeedsCode] = useState(false);
  const form = useForm({email: "", password: "", code: ""}, async ({email, password, code}) => {
    try {
      entered(await post("/sign-in", {email, password, ...(needsCode ? {code: code.replace(/\s/g, "")} : {})}));
    } catch (problem) {
      if (problem.word !== "code-required" || needsCode) throw problem;
      setNeedsCode(true);
    }
  });
  useEffect(() => { document.title = "Sign in – Porter"; }, []);
  return html`<div class="guest-card"><span class="mark big" aria-hidden="true">P</span><h1>Sign in to Porter</h1>
    <${Form} form=${form} submit="Sign in">
      <${Field} form=${form} name="email" type="email" label="E-mail" autocomplete="username" autofocus required />
      <${Field} form=${form} name="password" type="password" label="Password" autocomplete="current-password" required />
      ${needsCode && html`<${Field} form=${form} name="code" label="Code from your authenticator" inputmode="numeric" autocomplete="one-time-code"
        hint="Six digits. They change every half minute." autofocus />`}</${Form}>
    <p class="quiet small">No account? Ask an owner or admin of your organization for an invitation.</p></div>`;
}
