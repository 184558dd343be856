// The plain form's way to the server: the same address, the same fields, the same protection.

const PATIENCE_MS = 8_000;
const FINAL = ["conflict", "invalid_input", "not_allowed", "not_found"];
// The second is also said of a form whose protection has grown stale: then the answer is good, only the page is not.
const STUCK_FORM = ["not_logged_in", "invalid_input"];

/** The server understood, and will never take this answer. */
export class Refused extends Error {}

/** The answer has to wait until its volunteer has loaded the page anew, and perhaps logged in again. */
export class Stuck extends Error {}

export function post(answer) {
  const { round, ...fields } = answer;
  return postForm(`/rounds/${round}/classifications`, fields);
}

/** The JSON that the server answers. Throws Refused, Stuck, or any other error when it may be tried again. */
export async function postForm(address, fields = {}) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const response = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams({ ...fields, csrf_token: token }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return checked(await response.json(), STUCK_FORM);
}

/** A reply, unless it is an error: the same shape comes from forms and sockets. */
export function checked(reply, stuck = ["not_logged_in"]) {
  if (!reply.error) return reply;
  const { code, message } = reply.error;
  if (stuck.includes(code)) throw new Stuck(message);
  throw FINAL.includes(code) ? new Refused(message) : new Error(message);
}
