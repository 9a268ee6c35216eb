window.legacy = '/maze/modules/legacy-data';
