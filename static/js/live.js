// One open connection for each project, shared by all that listens on a page.
import { io } from "../packages/socket.io.esm.min.js";

const opened = new Map();

/** WebSocket only: where it cannot be had, plain forms do the work. */
export function socketOf(project) {
  if (!opened.has(project)) {
    const socket = io({ transports: ["websocket"], query: { project }, reconnectionDelayMax: 8_000 });
    addEventListener("online", () => socket.connected || socket.disconnect().connect());
    opened.set(project, socket);
  }
  return opened.get(project);
}
