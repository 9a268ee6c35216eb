"use strict";(self.webpackChunkshop=self.webpackChunkshop||[]).push([[347],{8841:function(e,t,n){t.default=()=>fetch("/maze/bundle/api/help-topics")}}]);
