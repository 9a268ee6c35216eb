export const open = () => fetch('/maze/modules/dialog-text');
