var room = new URLSearchParams(location.search).get("room");
if (room) {
  document.write("<p>For your " + room + " we suggest <a href='/products'>these things</a>.</p>");
}
