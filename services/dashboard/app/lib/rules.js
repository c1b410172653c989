// What the bodies of requests must obey, as the API itself says it (GET rules), so that it is told without a request.
// Of what is not known here the API alone judges.
import {get} from "./api.js";

// In a body null, "" and nothing are the same; so is [] where a list must not lack, and else it is counted.
const isThere = (value) => value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
const join = (path, name) => path ? `${path}.${name}` : name;

// One sentence for each rule, as rules.c words it; the look of a text is worded by what came with the rules. Characters are code points.
function ofText({minLength = 0, maxLength = Infinity, pattern}, text, told) {
  const count = [...text].length;
  if (count < minLength) return `must have at least ${minLength} characters`;
  if (count > maxLength) return `must have at most ${maxLength} characters, not ${count}`;
  return told[pattern] && !new RegExp(pattern, "u").test(text) ? told[pattern] : null;
}

function ofList({minItems = 0, maxItems = Infinity}, count) {
  if (count < minItems) return `must have at least ${minItems} entries`;
  return count > maxItems ? `must have at most ${maxItems} entries, not ${count}` : null;
}

const ofNumber = ({minimum, maximum}, number) => number < minimum || number > maximum ? `must be from ${minimum} to ${maximum}` : null;

function look(schema, value, path, told, add) {
  const say = (detail) => detail && add({field: path, detail});
  if (typeof value === "string") say(ofText(schema, value, told));
  else if (typeof value === "number") say(ofNumber(schema, value));
  else if (Array.isArray(value)) {
    say(ofList(schema, value.length));
    if (schema.items) value.forEach((one, at) => look(schema.items, one, `${path}[${at}]`, told, add));
  } else if (typeof value === "object") lookInto(schema, value, path, told, add);
}

function lookInto(schema, value, path, told, add) {
  for (const name of schema.required ?? []) if (!isThere(value[name])) add({field: join(path, name), detail: "is required"});
  const isSent = (name) => isThere(value[name]) || Array.isArray(value[name]) && !schema.required?.includes(name);
  for (const [name, one] of Object.entries(schema.properties ?? {})) if (isSent(name)) look(one, value[name], join(path, name), told, add);
  if (schema.if && faultsOf({it: value}, {it: schema.if}, {}).length > 0) lookInto(schema.else, value, path, told, add);
}

function faultsOf(bodies, inputs, told) {
  const found = [];
  for (const [name, body] of Object.entries(bodies)) look(inputs[name] ?? {}, body, "", told, (fault) => found.push(fault));
  return found;
}

function tooLong(names, path, text, inputs) {
  const [max] = names.map((name) => path.split(".").reduce((schema, word) => schema?.properties?.[word], inputs[name])?.maxLength).filter(Boolean);
  return max && typeof text === "string" ? ofText({maxLength: max}, text.trim(), {}) : null;
}

// The browser keeps the answer, and asks whether it still holds.
export async function readRules() {
  const {inputs, told} = await get("/rules", {cache: "no-cache"});
  return {
    // Of bodies by the names of their inputs: [{field, detail}], as in a problem of the API.
    faultsOf: (bodies) => faultsOf(bodies, inputs, told),
    // Of a text that grew too long while it is written; null: it did not, or nobody knows.
    tooLong: (names, path, text) => tooLong(names, path, text, inputs),
  };
}
