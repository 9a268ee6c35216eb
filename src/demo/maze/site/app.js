/* Calls: every way in which a script asks for something. */
'use strict';
// legacy: /maze/scripts/noted-in-a-comment
const API = '/maze/scripts/api/v2';
const paths = { orders: API + '/orders', stock: `${API}/stock` };
const client = axios.create({ baseURL: '/maze/scripts/rest', timeout: 10000 });

function load(id) {
  fetch('/maze/scripts/fetch-plain');
  fetch(`/maze/scripts/fetch-template`, { headers: { Accept: 'application/json' } });
  fetch("fetch-relative?page=1").then(r => r.json());
  fetch(`/maze/scripts/articles/${id}`);
  fetch('/maze/scripts/comments?article=' + encodeURIComponent(id) + '&sort=new');
  fetch(paths.orders); fetch(paths.stock);
  fetch('/maze/scripts/' + 'joined' + '-words');
  fetch(new Request('/maze/scripts/request-object', { method: 'GET' }));
  fetch('/maze/scripts/fetch-post', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: 7, note: 'hello' }),
  });
  client.get('/axios-instance');
  axios.get('/maze/scripts/axios-get', { params: { q: 'x' } });
  axios({ method: 'get', url: '/maze/scripts/axios-config' });
  axios.post('/maze/scripts/axios-post', { title: 'a', price: 3 });
  $.getJSON('/maze/scripts/jquery-json', function (d) {});
  $.ajax({ url: '/maze/scripts/jquery-ajax', type: 'GET', dataType: 'json' });
  $('#out').load('/maze/scripts/jquery-load #part');
  $.post("/maze/scripts/jquery-post", { a: 1 });
  var x = new XMLHttpRequest();
  x.open('GET', '/maze/scripts/xhr-open', true);
  x.open("POST", "/maze/scripts/xhr-post");
  navigator.sendBeacon('/maze/scripts/beacon', '{}');
  new EventSource('/maze/scripts/event-source');
  new WebSocket('ws://' + location.host + '/maze/scripts/socket');
  new Worker('worker.js');
  new SharedWorker("/maze/scripts/shared-worker.js");
}

function leave(where) {
  if (where === 1) location.href = '/maze/scripts/location-href';
  if (where === 2) window.location.assign("/maze/scripts/location-assign");
  if (where === 3) location.replace(`/maze/scripts/location-replace`);
  if (where === 4) window.open('/maze/scripts/window-open', '_blank');
  history.pushState({}, '', '/maze/scripts/pushed-literal');
  top.location = "/maze/scripts/top-location";
}

const html = '<li><a href="/maze/scripts/markup-link">' + name + '</a></li>';
const card = `<img src="/maze/scripts/markup-picture?id=1"><form action='/maze/scripts/markup-form'>`;
const settings = JSON.parse('{"help":"\\/maze\\/scripts\\/parsed-help","n":1}');
const unicode = "\u002fmaze\u002fscripts\u002fescaped-units", hex = '\x2fmaze\x2fscripts\x2fescaped-hex';
const absolute = location.origin + '/maze/scripts/own-origin';
const full = '{{origin}}/maze/scripts/whole-address';
const re = /^\/maze\/[a-z]+\/(\d+)$/i, parts = 'a/b/c'.split('/'), half = 1/2/3;
const types = ['application/json', 'text/plain', 'image/*', 'multipart/form-data'];
const dates = ['MM/DD/YYYY', 'D/M/YY', 'HH:mm'], zone = 'Europe/Berlin', unit = 'km/h';
const msg = 'Yes/No', xp = '//div[@id="a"]/span', sel = 'ul > li > a', log = 'error in ./src/app/main.ts';
const i18n = { 'nav/home': 'Home', 'errors/404': 'Not found', 'cart/empty': 'Empty' };
//# sourceMappingURL=app.js.map
