"use strict";(self.webpackChunkshop=self.webpackChunkshop||[]).push([[508],{77:function(e,t,n){t.terms="/maze/bundle/terms-from-chunk"}}]);
