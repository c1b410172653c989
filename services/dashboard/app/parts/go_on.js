// The session ended while somebody was writing: what is written stays, below the sign-in.
import {Button} from "./basic.js";
import {Dialog} from "./dialog.js";
import {SignInForm} from "./sign_in_form.js";
import {html} from "../lib/html.js";
import {refresh} from "../lib/live.js";
import {leave, session} from "../lib/session.js";

export function GoOn() {
  return html`<${Dialog} title="Your session has ended" isFixed onClose=${leave}>
    <p class="dialog-body">Sign in again to go on: what you were writing is still there.</p>
    <${SignInForm} email=${session.get().person.email} onDone=${refresh} />
    <p class="dialog-body"><${Button} kind="small plain" onClick=${leave}>Leave it, and sign in as somebody else</${Button}></p></${Dialog}>`;
}
