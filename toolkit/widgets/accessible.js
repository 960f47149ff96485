// Sets attributes for those who listen to the page, such as aria-expanded, which ipywidgets' own controls can't have.
// It also tells the form that it is on a page, so that nothing is lost that changed while the page was being made.
// Each entry names elements of the form by a selector; elements that are drawn later get theirs as they come.
function render({ model, el }) {
  el.style.display = "none";
  let observer;
  const apply = () => {
    const form = el.closest(".toolkit-form");
    if (!form) return;
    for (const [selector, attributes] of Object.entries(model.get("named"))) {
      for (const element of form.querySelectorAll(selector)) {
        for (const [name, value] of Object.entries(attributes)) {
          if (value === "") element.removeAttribute(name);
          else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
        }
      }
    }
  };
  // The form is put on the page after this.
  const begin = () => {
    const form = el.closest(".toolkit-form");
    if (!form) return;
    apply();
    model.send({ shown: true });
    observer = new MutationObserver(apply);
    observer.observe(form, { childList: true, subtree: true });
  };
  const waiting = setInterval(() => {
    if (el.closest(".toolkit-form")) {
      clearInterval(waiting);
      begin();
    }
  }, 30);
  model.on("change:named", apply);
  return () => {
    clearInterval(waiting);
    observer?.disconnect();
    model.off("change:named", apply);
  };
}
export default { render };
