// Forms: a label for each field, and what is wrong stands at the field it is about.
import {Button, Fault} from "./basic.js";
import {unsent} from "../lib/api.js";
import {html, useEffect, useId, useMemo, useRef, useState} from "../lib/html.js";
import {useAction} from "../lib/load.js";
import {drafts} from "../lib/session.js";
import {store} from "../lib/store.js";

const known = store(null);

// The API's rules, fetched when a form opens; null: not there yet, or not to be had. Then the API alone tells.
function useRules(isNeeded) {
  useEffect(() => {
    if (isNeeded) import("../lib/rules.js").then(({readRules}) => readRules()).then(known.set, () => {});
  }, []);
  return known.use();
}

// What is written outlives the session's end. Also what was sent: who checks a signature will want to change it.
function useDraft(values) {
  const first = useRef(values);
  const isWritten = Object.keys(values).some((name) => values[name] !== first.current[name]);
  useEffect(() => {
    if (!isWritten) return undefined;
    drafts.add(first);
    return () => drafts.delete(first);
  }, [isWritten]);
}

// useForm({name: ""}, (values, intent, bodies) => post(…), {CreateKeyInput: (values) => …}) → what Field and Form need. The last
// makes the bodies that will be sent, by the names of their inputs: they must obey the API's rules before anything is sent.
export function useForm(first, work, inputs = {}) {
  const [values, setValues] = useState(first);
  useDraft(values);
  const latest = useRef(first);
  latest.current = values;
  const names = Object.keys(inputs);
  const rules = useRules(names.length > 0);
  const needed = useMemo(() => new Set(rules?.faultsOf(Object.fromEntries(names.map((name) => [name, {}]))).map((one) => one.field)), [rules]);
  const action = useAction((name) => {
    const bodies = Object.fromEntries(names.map((input) => [input, inputs[input](latest.current)]));
    const faults = rules?.faultsOf(bodies) ?? [];
    if (faults.length > 0) throw unsent("Some fields are not valid", faults);
    return work(latest.current, name, bodies);
  });
  const set = (name, value) => setValues((old) => ({...old, [name]: value}));
  return {values, set, setValues, hasRules: rules !== null, isNeeded: (path) => needed.has(path), tooLong: (path, text) => rules?.tooLong(names, path, text), ...action};
}

// What the API calls a field may differ from its name here: `as`.
const faultOf = (form, name, path) => form.problem?.fields[path] ?? form.tooLong(path, form.values[name]);

export function Field({form, name, as, label, hint, type = "text", options, rows, isOptional, after, ...rest}) {
  const id = useId();
  const path = as ?? name;
  const fault = faultOf(form, name, path);
  const about = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
  const own = {
    id, name, "aria-describedby": about, "aria-invalid": fault ? "true" : undefined, required: form.isNeeded(path), value: form.values[name], ...rest,
    onInput: (event) => form.set(name, event.currentTarget.value),
  };
  return html`<div class="field ${fault ? "wrong" : ""}">
    <label for=${id}>${label}${isOptional && html` <span class="quiet">(optional)</span>`}</label>
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${options ? html`<select ...${own}>${options.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === form.values[name]}>${text}</option>`)}</select>`
      : rows ? html`<textarea ...${own} rows=${rows}></textarea>` : html`<input ...${own} type=${type} />`}
    ${after}
    ${fault && html`<p class="fault" id="${id}-fault">${fault}</p>`}</div>`;
}

export function Check({label, hint, isOn, onChange, name, ...rest}) {
  const id = useId();
  return html`<div class="check"><input type="checkbox" id=${id} name=${name} checked=${isOn} ...${rest}
      aria-describedby=${hint ? `${id}-hint` : undefined} onChange=${(event) => onChange(event.currentTarget.checked)} />
    <div><label for=${id}>${label}</label>${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}</div></div>`;
}

// Faults that stand at no field of the form are said above the buttons.
export function Form({form, onDone, submit, children, kind = "primary", foot, known = []}) {
  const box = useRef(null);
  useEffect(() => {
    if (!form.problem) return;
    const group = box.current.querySelector(".fault")?.closest("fieldset, details"); // Where the fault is no single field's.
    (box.current.querySelector("[aria-invalid=true]") ?? group?.querySelector("input:not([disabled])"))?.focus();
  }, [form.problem]);
  const send = async (event) => {
    event.preventDefault();
    const made = await form.run();
    if (made !== undefined) onDone?.(made);
  };
  const names = Object.keys(form.problem?.fields ?? {});
  const isAtFields = names.length > 0 && names.every((name) => known.includes(name) || name in form.values);
  return html`<form ref=${box} onSubmit=${send} novalidate data-rules=${form.hasRules}><div class="dialog-body">${children}
      ${!isAtFields && html`<${Fault} problem=${form.problem} />`}</div>
    <footer class="dialog-foot">${foot}<${Button} type="submit" kind=${kind} isBusy=${form.isBusy}>${submit}</${Button}></footer></form>`;
}
