// "It is you": the password once more, before what matters. Whoever asked goes on by itself.
import {Dialog} from "./dialog.js";
import {Field, Form, useForm} from "./form.js";
import {hooks, post} from "../lib/api.js";
import {html} from "../lib/html.js";
import {entered, session} from "../lib/session.js";
import {store} from "../lib/store.js";

export const confirmStore = store(null);

hooks.confirm = () => new Promise((done) => {
  const before = confirmStore.get();
  confirmStore.set({done: (yes) => {
    confirmStore.set(null);
    before?.done(yes);
    done(yes);
  }});
});

export function Confirm({ask}) {
  const form = useForm({password: ""}, async (values) => {
    try {
      entered(await post("/confirm", values, {unasked: true}));
    } catch (problem) {
      if (problem.word === "confirmation-refused") problem.faults = [{field: "password", detail: problem.message}];
      throw problem;
    }
  });
  return html`<${Dialog} title="Confirm that it is you" onClose=${() => ask.done(false)}>
    <${Form} form=${form} submit="Confirm" onDone=${() => ask.done(true)}>
      <p>This shows or makes a secret. Your password is asked for once in five minutes.</p>
      <input class="hidden" type="email" autocomplete="username" value=${session.get()?.person.email} readonly tabindex="-1" aria-hidden="true" />
      <${Field} form=${form} name="password" type="password" label="Password" autocomplete="current-password" autofocus /></${Form}></${Dialog}>`;
}
