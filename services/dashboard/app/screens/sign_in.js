// Sign-in: e-mail and password.
import {html, useEffect} from "../lib/html.js";
import {SignInForm} from "../parts/sign_in_form.js";

export function Screen() {
  useEffect(() => { document.title = "Sign in – Porter"; }, []);
  return html`<div class="guest-card"><span class="mark big" aria-hidden="true">P</span><h1>Sign in to Porter</h1>
    <${SignInForm} />
    <p class="quiet small">No account? Ask an owner or admin of your organization for an invitation.</p></div>`;
}
