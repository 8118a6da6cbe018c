/* Passkeys: <form data-passkey="get|create" data-options="URL"> fetches what the device is to sign, asks the
   device, and sends its answer as an ordinary form. Without the browser's help the form stays hidden. */
(() => {
  "use strict";

  const bytes = (text) => {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const named = (list) => (list || []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

  const asked = (options) => {
    const key = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
    if (key.user) key.user = { ...key.user, id: bytes(key.user.id) };
    if (key.excludeCredentials) key.excludeCredentials = named(key.excludeCredentials);
    if (key.allowCredentials) key.allowCredentials = named(key.allowCredentials);
    return { publicKey: key };
  };

  const told = (credential) => {
    const { response } = credential;
    const said = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[part]) said[part] = text(response[part]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: said,
    });
  };

  const complain = (form, sentence) => {
    const place = form.querySelector("[data-passkey-trouble]");
    place.textContent = sentence;
    place.hidden = false;
  };

  const run = async (form) => {
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(form.dataset.options, {
      method: "POST",
      headers: { "X-CSRFToken": token },
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect") return location.assign(form.dataset.again || location.href);
    const options = await answer.json();
    if (options.refusal) return complain(form, options.refusal);
    const credential = await navigator.credentials[form.dataset.passkey](asked(options));
    form.querySelector("[name=answer]").value = told(credential);
    return form.submit();
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.setAttribute("aria-busy", "true");
      try {
        await run(form);
      } catch (_cancelled) {
        complain(form, form.dataset.failed);
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  }
})();
