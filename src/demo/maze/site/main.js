"use strict";(self.webpackChunkshop=self.webpackChunkshop||[]).push([[179],{4210:function(e,t,n){var r=n(7294),o=n(9250);
const i=[{path:"/maze/bundle/start",exact:!0,component:r.Home},{path:"/maze/bundle/account",component:r.Account,children:[{path:"addresses",component:r.A},{path:"payment-methods",component:r.P}]},{path:"/maze/bundle/parcels/:parcelId",component:r.Parcel},{path:"*",component:r.NotFound}];
const s=(0,r.lazy)(()=>Promise.all([n.e(121),n.e(508)]).then(n.bind(n,3312))),c=(0,r.lazy)(()=>n.e(347).then(n.bind(n,8841)));
(0,o.jsx)(r.Link,{to:"/maze/bundle/wish-list",children:"Wishes"});(0,o.jsx)("a",{href:"/maze/bundle/imprint"});r.navigate("/maze/bundle/after-login");r.push({pathname:"/maze/bundle/pushed-object"});
const u=t=>e.http.get("/maze/bundle/api/prices?currency="+t),l={endpoint:"/maze/bundle/api/recommendations",retries:3,method:"GET"},d="/maze/bundle/api".concat("/reviews");
const h={"GET /user":1,mime:"application/vnd.api+json",loc:"en/US",cls:"w-1/2 md:w-1/3",icon:"fa-2x/spin",mod:"./Cart.vue?vue&type=template",arch:"x86/64"};
}},function(e){e.O(0,[],()=>e(e.s=4210))}]);
