fetch('/maze/modules/crunch-data');
