window.addEventListener("message", function (event) {
  if (event.data && event.data.kind === "answer") {
    document.getElementById("chat").innerHTML = event.data.text;
  }
});
