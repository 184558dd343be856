// One open connection for each project, shared by all that listens on a page.
import { io } from "../packages/socket.io.esm.min.js";

const opened = new Map();
const PAUSE_MS = 5_000;

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
