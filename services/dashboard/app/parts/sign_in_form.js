// E-mail and password; a code only when the account has one. For the sign-in, and for going on after a
// session's end (then the e-mail is fixed).
import {Field, Form, useForm} from "./form.js";
import {post} from "../lib/api.js";
import {html, useEffect, useRef, useState} from "../lib/html.js";
import {entered} from "../lib/session.js";

export function SignInForm({email = null, onDone}) {
  const [needsCode, setNeedsCode] = useState(false);
  const box = useRef(null);
  const form = useForm({email: email ?? "", password: "", code: ""}, async ({code, ...values}) => {
    try {
      entered(await post("/sign-in", {...values, ...(needsCode ? {code: code.replace(/\s/g, "")} : {})}));
      onDone?.();
    } catch (problem) {
      if (problem.word !== "code-required" || needsCode) throw problem;
      setNeedsCode(true);
    }
  });
  useEffect(() => { if (needsCode) box.current.querySelector("[name=code]").focus(); }, [needsCode]);
  return html`<div ref=${box}><${Form} form=${form} submit="Sign in">
    ${email === null ? html`<${Field} form=${form} name="email" type="email" label="E-mail" autocomplete="username" autofocus required />`
      : html`<input class="hidden" type="email" autocomplete="username" value=${email} readonly tabindex="-1" aria-hidden="true" />`}
    <${Field} form=${form} name="password" type="password" label="Password" autocomplete="current-password" required autofocus=${email !== null} />
    ${needsCode && html`<${Field} form=${form} name="code" label="Code from your authenticator" inputmode="numeric" autocomplete="one-time-code"
      hint="Six digits. They change every half minute." />`}</${Form}></div>`;
}
