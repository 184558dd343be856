// What every page loads: the elements, and answers of an earlier visit that still wait to be sent.
import "./elements/copy-text.js";
import "./elements/count-up.js";
import "./elements/live-leaderboard.js";
import "./elements/live-part.js";
import "./elements/live-progress.js";
import "./elements/round-player.js";
import "./elements/try-model.js";
import "./elements/tutorial-steps.js";
import { Outbox } from "./outbox.js";
import { post } from "./post.js";
import { fill } from "./words.js";

const signedIn = document.querySelector('meta[name="csrf-token"]');
if (signedIn && !document.querySelector("round-player")) {
  const outbox = new Outbox(post);
  outbox.addEventListener("refused", ({ detail }) => notice(detail));
  outbox.drain();
}

function notice(detail) {
  const main = document.getElementById("main");
  const said = Object.assign(document.createElement("p"), { className: "notice notice-bad", role: "alert" });
  said.textContent = fill(main.dataset.refused, detail);
  main.prepend(said);
}
