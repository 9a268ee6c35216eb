importScripts('sw-strategies.js');
const CACHE = 'v3', PRECACHE = ['/maze/install/cached-page', 'cached-relative', '/maze/install/cached-page?lang=en'];
self.addEventListener('install', e => e.waitUntil(caches.open(CACHE).then(c => c.addAll(PRECACHE))));
workbox.precaching.precacheAndRoute([{ url: '/maze/install/precached-shell', revision: 'a1' }, { url: 'precached-relative', revision: null }]);
workbox.routing.registerNavigationRoute('/maze/install/navigation-fallback');
self.addEventListener('notificationclick', e => clients.openWindow('/maze/install/notified'));
