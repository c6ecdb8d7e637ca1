/* Passkeys: asks the browser for one and sends what it gives. The rest of the sign-in needs no script.
   A form says what is asked: data-passkey="create|get", data-options (of the server) or data-from (where to get them). */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (options, form) => {
    const alone = form.querySelector("[name=passwordless]");
    if (alone && alone.checked) {
      options.authenticatorSelection = {
        ...options.authenticatorSelection,
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      };
    }
    const user = { ...options.user, id: bytes(options.user.id) };
    const publicKey = { ...options, challenge: bytes(options.challenge), user, excludeCredentials: known(options.excludeCredentials) };
    const made = await navigator.credentials.create({ publicKey });
    const { clientDataJSON, attestationObject } = made.response;
    return [made, { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) }];
  };

  const get = async (options) => {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) };
    const found = await navigator.credentials.get({ publicKey });
    const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
    const response = { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature) };
    if (userHandle) response.userHandle = text(userHandle);
    return [found, response];
  };

  const optionsOf = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options).publicKey;
    const answer = await fetch(form.dataset.from, { headers: { Accept: "application/json" } });
    return (await answer.json()).request_options.publicKey;
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const button = form.querySelector("[data-ask]");
    const failed = (shown) => {
      form.parentElement.querySelector("[data-passkey-failed]").hidden = !shown;
    };
    if (!window.PublicKeyCredential) {
      button.disabled = true;
      return;
    }
    button.addEventListener("click", async () => {
      failed(false);
      try {
        const options = await optionsOf(form);
        const [made, response] = await (form.dataset.passkey === "create" ? create(options, form) : get(options));
        form.querySelector("[name=credential]").value = JSON.stringify({
          id: made.id,
          rawId: text(made.rawId),
          type: made.type,
          response,
          clientExtensionResults: made.getClientExtensionResults(),
        });
        form.submit();
      } catch (refused) {
        failed(true);
      }
    });
  });
})();
