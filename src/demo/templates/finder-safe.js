var room = new URLSearchParams(location.search).get("room");
if (room) {
  var line = document.createElement("p");
  line.textContent = "For your " + room + " we suggest what is in our list of products.";
  document.getElementById("finder").append(line);
}
