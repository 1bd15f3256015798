(() => {
  const { said, to } = document.currentScript.previousElementSibling.dataset;
  const region = document.querySelector(".rx-aloud") ?? document.createElement("div");
  if (!region.isConnected) {
    region.className = "rx-aloud";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  const running = () => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "running";
  const lost = () => !document.activeElement || document.activeElement === document.body;
  const goOn = (target) => {
    if (target.tabIndex < 0) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    if (target.matches(":focus-visible")) target.scrollIntoView({ block: "nearest" });  // not under a mouse
  };
  const whenWhole = (tries) => {
    if (running() && tries > 0) return void (window.rxLater = setTimeout(whenWhole, 100, tries - 1));
    if (said) region.textContent = said;
    const target = to && lost() && document.querySelector(to);
    if (target) goOn(target);
  };
  clearTimeout(window.rxLater);
  window.rxLater = setTimeout(whenWhole, 100, 100);
})();
