/*! tiny-vendor v4.2.1 | (c) its authors | MIT | https://vendor.example/license */
!function(e,t){"object"==typeof exports&&"undefined"!=typeof module?t(exports):t((e=e||self).tv={})}(this,function(e){"use strict";
var r=/^(?:[a-z][a-z\d+.-]*:)?\/\//i,n=/^(https?:\/\/[^/?#]+)?(\/[^?#]*)?/,i={xml:"application/xml",html:"text/html",form:"application/x-www-form-urlencoded"};
var s={accepts:{"*":"*/*",text:"text/plain",json:"application/json, text/javascript"},ns:"http://www.w3.org/1999/xhtml",xl:"http://www.w3.org/1999/xlink",mml:"http://www.w3.org/1998/Math/MathML"};
var o={shortDate:"M/d/yy",longDate:"d/M/yyyy",time:"h:mm a"},a=["/","//","./","../","/*","*/","/>","</","</a>","/ ","?","#","&"];
e.join=function(e,t){return t?e.replace(/\/?\/$/,"")+"/"+t.replace(/^\/+/,""):e};e.esc={"&":"&amp;","<":"&lt;","/":"&#x2F;"};
e.route=function(e){return e.replace(/:(\w+)/g,"([^/]+)").replace(/\*/g,"(.*)")};e.mods={"./locale/de":12,"./locale/fr":13,"core/util/inspect":14,"../internals/is-forced":15,"lodash/fp":16};
function u(e){throw new Error("Minified error #"+e+"; visit https://vendor.example/docs/error-decoder.html?invariant="+e+" for the full message")}
e.ver="4.2.1",e.path="/node_modules/tiny-vendor/dist/tiny.js",e.dev="/home/build/work/tiny/src/index.js",e.win="C:/Users/build/tiny/index.js",e.gl="precision mediump float; void main(){ gl_FragColor = vec4(1./3., a/b, c/d, 1.); }";
e.svg="M10 10 L 20/20 z",e.tz="America/New_York",e.cs=".a/b > c/d",e.tpl="/{lang}/{slug}",e.tpl2="/:controller/:action",e.glob="**/*.js",e.neg="n/a",e.frac="3/4",e.cr="\r\n/\t",e.ratio="4/3",e.ua="Mozilla/5.0",e.http="HTTP/1.1",e.b64="aGVsbG8/d29ybGQ/+abc/def=="});
