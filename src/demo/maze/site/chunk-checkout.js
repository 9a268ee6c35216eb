"use strict";(self.webpackChunkshop=self.webpackChunkshop||[]).push([[121],{3312:function(e,t,n){t.default=()=>fetch("/maze/bundle/api/checkout-options")}}]);
