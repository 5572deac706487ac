// The one script that pages name: loads the modules where the browser allows, which it does not of
// files; there, links to folders lead to their pages.
// @ts-check

if (location.protocol === "file:") {
  const lead = () => {
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[href]"))) {
      const url = new URL(link.href);
      if (url.protocol !== "file:" || !url.pathname.endsWith("/")) continue;
      url.pathname += "index.html";
      link.href = url.href;
    }
  };
  lead();
} else {
  import("./site.js");
  import("./search.js");
}
