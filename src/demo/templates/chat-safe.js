window.addEventListener("message", function (event) {
  if (event.origin !== location.origin) { return; }
  if (event.data && event.data.kind === "answer") {
    document.getElementById("chat").textContent = event.data.text;
  }
});
