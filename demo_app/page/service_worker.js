/**
 * The page without a network: after the first visit its files come from the browser's cache. Those
 * in the folder on_demand, which a visitor may never ask for, are kept once they were asked for.
 *
 * The build writes the two values. A page that was built anew has another version: its files are
 * fetched whole into a cache of their own, and used once no window shows the old page any more, so
 * the parts of two builds never meet.
 */

const VERSION = "{{version}}";
const FILES = ["{{files}}"];
const PREFIX = "fer-page-";
const ON_DEMAND = "/on_demand/";
const NAME = `${PREFIX}${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(NAME);
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    const response = await fetch(request);
    if (response.ok && new URL(request.url).pathname.includes(ON_DEMAND)) {
      await cache.put(request, response.clone());
    }
    return response;
  })());
});
