/**
 * The page without a network: after the first visit all of its files come from the browser's cache.
 *
 * The build writes the two values. A page that was built anew has another version: its files are
 * fetched whole into a cache of their own, and used once no window shows the old page any more, so
 * the parts of two builds never meet.
 */

const VERSION = "{{version}}";
const FILES = ["{{files}}"];
const PREFIX = "fer-page-";
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
    return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
  })());
});
