// Keeps a page that is open up to date. Without this script every page is the same, as of when it was loaded.
"use strict";

(() => {
  const AGAIN_MS = 1000; // until a page that is still worked out is asked for again
  const APART_MS = 5000; // between two renewals, however often something changes

  const body = document.body;
  const news = document.getElementById("news");
  let renewed = performance.now();
  let waiting = false;

  const main = () => document.getElementById("main");

  function offer() {
    if (news.firstChild) return;
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Something changed: show it";
    news.append(link);
  }

  function isRead() {
    const selection = getSelection();
    return main().contains(document.activeElement) && document.activeElement !== main()
      || !!selection && !selection.isCollapsed;
  }

  async function renew() {
    waiting = false;
    renewed = performance.now();
    let text = "";
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!response.ok) return offer();
      text = await response.text();
    } catch {
      return offer();
    }
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    if (!fresh || isRead()) return offer();
    const open = new Set([...main().querySelectorAll("details[open] > summary")].map((one) => one.textContent));
    for (const summary of fresh.querySelectorAll("details > summary")) {
      if (open.has(summary.textContent)) summary.parentElement.open = true;
    }
    const at = [scrollX, scrollY];
    main().replaceWith(document.adoptNode(fresh));
    document.dispatchEvent(new Event("renewed"));
    scrollTo(...at);
    if ("pending" in main().dataset) setTimeout(renew, AGAIN_MS);
  }

  function changed() {
    if ("offered" in body.dataset || isRead()) return offer();
    if (waiting) return;
    waiting = true;
    setTimeout(renew, Math.max(0, renewed + APART_MS - performance.now()));
  }

  if ("pending" in main().dataset) setTimeout(renew, AGAIN_MS);
  if (body.dataset.watched) {
    const about = new URLSearchParams({ kind: body.dataset.watched, name: body.dataset.name });
    new EventSource(`/live?${about}`).addEventListener("changed", changed);
  }
})();
