// One open connection for each project, shared by all that listens on a page.
import { io } from "../packages/socket.io.esm.min.js";

const opened = new Map();
const PAUSE_MS = 5_000;
const PATIENCE_MS = 8_000;

/** WebSocket only: where it cannot be had, plain forms do the work. */
export function socketOf(project) {
  if (!opened.has(project)) {
    const socket = io({ transports: ["websocket"], query: { project }, reconnectionDelayMax: 8_000 });
    addEventListener("online", () => socket.connected || socket.disconnect().connect());
    // A server that cannot look up who is there refuses, and then the client would not come back by itself.
    socket.on("connect_error", () => socket.active || setTimeout(() => socket.connect(), PAUSE_MS * (0.5 + Math.random())));
    opened.set(project, socket);
  }
  return opened.get(project);
}

/** Calls `catchUp` when the line is there again after it was away: nobody repeats what was told meanwhile. */
export function onReturn(project, catchUp) {
  const socket = socketOf(project);
  let away = false;
  for (const event of ["disconnect", "connect_error"]) socket.on(event, () => (away = true));
  socket.on("connect", () => {
    if (away) catchUp();
    away = false;
  });
}

/** `show` is given each event of this name and, when the line is there again, what the API says at `address`. */
export function follow(project, event, address, show) {
  let n = 0;
  socketOf(project).on(event, (news) => {
    n += 1;
    show(news);
  });
  onReturn(project, async () => {
    const before = n;
    const now = await asked(`/api/v1/projects/${project}${address}`).catch(() => null);
    // What was told while this was on its way is newer.
    if (now && n === before) show(now);
  });
}

/** The JSON at an address of ours. Throws unless there is one in time. */
export async function asked(address) {
  // Never stored: a page may stand at the same address, and a step back would show this in its place.
  const asking = { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
  const response = await fetch(address, asking);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}
