export const now = async () => (await fetch('/maze/modules/price-now')).json();
