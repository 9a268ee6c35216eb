!function(){"use strict";var e,t={},n={};function r(e){var o=n[e];if(void 0!==o)return o.exports;var i=n[e]={exports:{}};return t[e](i,i.exports,r),i.exports}r.m=t,r.p="/maze/bundle/",
r.u=function(e){return"static/js/"+({121:"checkout",347:"help"}[e]||e)+"."+{121:"7be0",347:"e51c",508:"a9d4"}[e]+".chunk.js"},r.miniCssF=function(e){return"static/css/"+e+"."+{121:"44fa"}[e]+".css"},
r.g="undefined"!=typeof globalThis?globalThis:self}();
//# sourceMappingURL=runtime.3c1a.js.map
