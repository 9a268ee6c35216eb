function show() {
  var chosen = decodeURIComponent(location.hash.slice(1));
  document.getElementById("offer").innerHTML = "Ten percent off everything in <b>" + chosen + "</b>.";
}
window.addEventListener("hashchange", show);
if (location.hash) { show(); }
//# sourceMappingURL=offers.js.map
