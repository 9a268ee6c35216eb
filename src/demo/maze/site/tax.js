export const tax = '/maze/modules/tax-table';
