import{a as e}from"./deep/leaf.js";const w=new Worker(new URL("./deep/crunch.js",import.meta.url),{type:"module"});const pages={"./deep/about.js":()=>import("./deep/about.js")};
const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["maze/modules/deep/mapped-dep.js"])))=>i.map(i=>d[i]);
