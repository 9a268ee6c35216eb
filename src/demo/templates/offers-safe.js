function show() {
  var chosen = decodeURIComponent(location.hash.slice(1));
  document.getElementById("offer").textContent = "Ten percent off everything in " + chosen + ".";
}
window.addEventListener("hashchange", show);
if (location.hash) { show(); }
