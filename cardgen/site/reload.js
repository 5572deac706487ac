// Loaded only by pages that "cardgen serve" hands out: reloads the page when it was built anew.
// A hidden tab closes its stream, because a browser opens only six to one host.

const since = new URL(import.meta.url).searchParams.get("since");
let stream = null;

function listen() {
  stream?.close();
  stream = null;
  if (document.hidden) return;
  const query = new URLSearchParams({ since, page: location.pathname });
  stream = new EventSource(`/__cardgen/events?${query}`);
  stream.addEventListener("reload", () => location.reload());
}

document.addEventListener("visibilitychange", listen);
addEventListener("pageshow", (event) => event.persisted && listen());
addEventListener("pagehide", () => stream?.close());
listen();
