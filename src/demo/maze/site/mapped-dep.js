fetch('/maze/modules/mapped-dep-data');
