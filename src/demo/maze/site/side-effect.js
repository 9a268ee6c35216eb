fetch(new URL('side-data?x=1', import.meta.url));
