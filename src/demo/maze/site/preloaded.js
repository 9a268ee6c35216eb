fetch('/maze/modules/preloaded-data');
