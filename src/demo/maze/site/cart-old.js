export const total = () => fetch('/maze/modules/cart-total-old');
