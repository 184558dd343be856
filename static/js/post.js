// The plain form's way to the server: the same address, the same fields, the same protection.

const PATIENCE_MS = 8_000;
const FINAL = new Set(["conflict", "not_allowed", "not_found"]);

/** The server understood, and will never take this answer. */
export class Refused extends Error {}

/** Nobody is logged in any more; the answer is good, and has to wait for its volunteer. */
export class NotLoggedIn extends Error {}

export function post(answer) {
  const { round, ...fields } = answer;
  return postForm(`/rounds/${round}/classifications`, fields);
}

/** The JSON that the server answers. Throws Refused, NotLoggedIn, or any other error when it may be tried again. */
export async function postForm(address, fields = {}) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const response = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams({ ...fields, csrf_token: token }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return checked(await response.json());
}

/** A reply, unless it is an error: the same shape comes from forms and sockets. */
export function checked(reply) {
  if (!reply.error) return reply;
  const { code, message } = reply.error;
  if (code === "not_logged_in") throw new NotLoggedIn(message);
  throw FINAL.has(code) ? new Refused(message) : new Error(message);
}
