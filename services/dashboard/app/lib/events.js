// The events that a webhook may choose, with what they say.
const place = {location_id: "loc_01jndp8w1qe2v8m5tq2k3x4y00"};
const visitor = {
  id: "vis_01jndp8w1qe2v8m5tq2k3x4y01", status: "expected", full_name: "Ada Lovelace", email: "ada@example.com",
  company: "Analytical Engines", host: {name: "Luigi Menabrea", email: "luigi@example.com"}, ...place,
  expected_at: "2026-03-01T09:30:00.000Z", checked_in_at: null, checked_out_at: null, badge_number: null,
};
const came = {...visitor, status: "checked_in", checked_in_at: "2026-03-01T09:28:11.402Z", badge_number: "B-17"};
const contractor = {
  id: "con_01jndp8w1qe2v8m5tq2k3x4y02", status: "approved", company: "Blitz Elektro AG", trade: "Electrician",
  approved_at: "2026-03-01T08:00:00.000Z", approved_by: "Maja Sjöberg", valid_until: "2027-03-01T00:00:00.000Z",
};
const evacuation = {
  id: "evac_01jndp8w1qe2v8m5tq2k3x4y03", ...place, status: "active", reason: "Smoke on the second floor", drill: false,
  activated_at: "2026-03-01T10:00:00.000Z", activated_by: "Maja Sjöberg", on_site_count: 1,
  on_site: [{visitor_id: visitor.id, full_name: "Ada Lovelace", checked_in_at: came.checked_in_at, accounted_for: false}],
};

const webhook = {id: "whk_01jndp8w1qe2v8m5tq2k3x4y04", url: "https://hooks.example.com/porter", status: "enabled"};
const trouble = {status: 503, failure: null, detail: "The endpoint answered 503.", since: "2026-03-01T09:28:11.402Z", failure_count: 10, held_count: null};

export const EVENTS = [
  {type: "visitor.checked_in", words: "A visitor checks in", data: {visitor: came}},
  {type: "visitor.checked_out", words: "A visitor checks out", data: {visitor: {...came, status: "checked_out", checked_out_at: "2026-03-01T11:02:40.120Z"}}},
  {type: "visitor.pre_registered", words: "A visitor is pre-registered", data: {visitor}},
  {type: "contractor.approved", words: "A contractor is approved", data: {contractor}},
  {type: "evacuation.activated", words: "Evacuation mode is activated", data: {evacuation}},
  // Beyond those that the product's page lists.
  {type: "visitor.cancelled", words: "A visit is cancelled", data: {visitor: {...visitor, status: "cancelled"}}, isMore: true},
  {type: "contractor.created", words: "A contractor is entered", data: {contractor: {...contractor, status: "pending", approved_at: null, approved_by: null}}, isMore: true},
  {type: "contractor.rejected", words: "A contractor is rejected", data: {contractor: {...contractor, status: "rejected", approved_at: null, approved_by: null}}, isMore: true},
  {type: "evacuation.ended", words: "An evacuation ends", data: {evacuation: {...evacuation, status: "ended", ended_at: "2026-03-01T10:21:09.000Z"}}, isMore: true},
  {type: "webhook.failing", words: "The endpoint of a webhook begins to fail", data: {webhook: {...webhook, health: "failing"}, trouble}, isMore: true},
  {type: "webhook.recovered", words: "It is back, and what was held goes out", data: {webhook: {...webhook, health: "recovering"}, trouble: {...trouble, status: null, failure: null, detail: null, held_count: 41}}, isMore: true},
  {type: "webhook.disabled", words: "Porter disables a webhook", data: {webhook: {...webhook, status: "disabled"}, trouble}, isMore: true},
];

// The body of a request, shortened to what is worth reading.
export function exampleOf(event) {
  return JSON.stringify({id: "evt_01jndp8w1qe2v8m5tq2k3x4y09", type: event.type, api_version: "v1",
    created_at: "2026-03-01T09:28:11.402Z", organization_id: "org_01jndp8w1qe2v8m5tq2k3x4y08", data: event.data}, null, 2);
}

export const wordsOf = (type) => EVENTS.find((event) => event.type === type)?.words ?? type;
