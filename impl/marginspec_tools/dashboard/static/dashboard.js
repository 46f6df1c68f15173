// The number beside the slider follows the slider at once; the page follows when it has been drawn.
document.addEventListener("input", (event) => {
  if (event.target.id === "slider") document.getElementById("jump").value = event.target.value;
});
