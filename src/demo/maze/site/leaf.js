export const a = fetch('/maze/modules/leaf-data');
