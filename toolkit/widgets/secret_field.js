// A password field whose content is never part of the widget's state: what is typed goes to the kernel in a message,
// and no notebook keeps messages.
function render({ model, el }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "password";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.id = `toolkit-secret-${Math.random().toString(36).slice(2)}`;
  label.htmlFor = input.id;
  label.className = "widget-label";
  el.classList.add("jupyter-widgets", "widget-inline-hbox", "widget-text", "toolkit-control");
  el.dataset.lmSuppressShortcuts = "true";

  const name = () => { label.textContent = model.get("label"); };
  const enable = () => { input.disabled = model.get("disabled"); };
  const hear = (message) => { if (message.empty) input.value = ""; };
  input.addEventListener("input", () => model.send({ typed: input.value }));
  model.on("change:label", name);
  model.on("change:disabled", enable);
  model.on("msg:custom", hear);
  name();
  enable();
  el.append(label, input);
  return () => {
    model.off("change:label", name);
    model.off("change:disabled", enable);
    model.off("msg:custom", hear);
  };
}
export default { render };
