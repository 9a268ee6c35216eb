importScripts('worker-parts.js', '/maze/scripts/worker-more.js');
self.onmessage = async (event) => { const r = await fetch('/maze/scripts/worker-fetch'); postMessage(await r.json()); };
