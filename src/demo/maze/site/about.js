export default '/maze/modules/about-text';
