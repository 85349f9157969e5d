// Keeps a page that is open up to date. Without this script every page is the same, as of when it was loaded.
"use strict";

(() => {
  const AGAIN_MS = 1000; // until a page that is still worked out is asked for again
  const APART_MS = 5000; // between two renewals, however often something changes
  const LATER_MS = 60000; // until a server that had no room for this page is asked again
  const TICK_MS = 10000; // between two looks at the clock
  const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

  const body = document.body;
  const news = document.getElementById("news");
  let renewed = performance.now();
  let waiting = false;
  let stream = null;
  let missed = false; // whether something may have changed that nobody told of

  const main = () => document.getElementById("main");

  // How old things are grows while the page is open.
  function tick() {
    const passed = (performance.now() - renewed) / 1000;
    for (const one of main().querySelectorAll("[data-age]")) {
      const seconds = Number(one.dataset.age) + passed;
      const length = Math.abs(seconds);
      const [size, unit] = UNITS.find(([least]) => length >= least) ?? [1, "s"];
      const told = `${Math.floor(length / size)} ${unit}`;
      one.textContent = "ago" in one.dataset ? (seconds < 0 ? `in ${told}` : `${told} ago`) : told;
    }
  }

  function say(text) {
    if (news.textContent.startsWith(text)) return;
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = text;
    news.replaceChildren(link);
  }

  const offer = () => say("Something changed: show it");

  function isRead() {
    const selection = getSelection();
    return main().contains(document.activeElement) && document.activeElement !== main()
      || !!selection && !selection.isCollapsed;
  }

  // What a page says, without as of when and how long ago that was.
  function said(element) {
    const copy = element.cloneNode(true);
    for (const one of copy.querySelectorAll("[data-age], .made, .plot, .fresh time, .aside time")) one.remove();
    return copy.textContent;
  }

  function take(fresh) {
    const open = new Set([...main().querySelectorAll("details[open] > summary")].map((one) => one.textContent));
    for (const summary of fresh.querySelectorAll("details > summary")) {
      if (open.has(summary.textContent)) summary.parentElement.open = true;
    }
    const at = [scrollX, scrollY];
    main().replaceWith(document.adoptNode(fresh));
    renewed = performance.now();
    document.dispatchEvent(new Event("renewed"));
    scrollTo(...at);
  }

  // The page as it is now; of one that is only offered, whether it says anything else.
  async function renew(offered = false) {
    waiting = false;
    let text = "";
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!response.ok) return offer();
      text = await response.text();
    } catch {
      return offer();
    }
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    if (!fresh) return offer();
    if (offered || isRead()) {
      if (said(fresh) !== said(main())) offer();
      return;
    }
    take(fresh);
    if ("pending" in main().dataset) setTimeout(renew, AGAIN_MS);
  }

  function changed() {
    if ("offered" in body.dataset) return offer();
    if (waiting) return;
    waiting = true;
    setTimeout(renew, Math.max(0, renewed + APART_MS - performance.now()));
  }

  function opened() {
    news.replaceChildren();
    if (missed) renew("offered" in body.dataset);
    missed = false;
  }

  function broken() {
    missed = true;
    say("No news from the server: this page may be out of date. Load it again");
    // What it answers with a status of its own, such as that there is no room, a browser does not try again.
    if (stream.readyState === EventSource.CLOSED) {
      stream = null;
      setTimeout(listen, LATER_MS);
    }
  }

  // Only while the page is seen: of one server a browser keeps six connections open, for all its pages together.
  function listen() {
    if (document.hidden) {
      missed = true;
      stream?.close();
      stream = null;
    } else if (stream === null) {
      const about = new URLSearchParams({ kind: body.dataset.watched, name: body.dataset.name });
      stream = new EventSource(`/live?${about}`);
      stream.addEventListener("open", opened);
      stream.addEventListener("error", broken);
      stream.addEventListener("changed", changed);
    }
  }

  setInterval(tick, TICK_MS);
  if ("pending" in main().dataset) setTimeout(renew, AGAIN_MS);
  if (body.dataset.watched) {
    listen();
    document.addEventListener("visibilitychange", listen);
  }
})();
