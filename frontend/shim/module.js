/*
 * Rollcall's entry for Grafana's plugin loader: an AMD module written by hand.
 *
 * It owns what Grafana's React must own: title, tabs, access and start-up errors, theme, URL. Everything below the tabs is the
 * Leptos app (frontend/src), mounted into one <div> that React never fills.
 * It must never bundle a library, use JSX or anything newer than React.createElement (one file serves Grafana 10.4 to 13, G73), or
 * touch `window`. `cargo xtask build` pastes the output of `wasm-bindgen --target no-modules` over the GLUE line, where it stays
 * local to this function, frontend/style/rollcall.css over the STYLE mark, and the content hash of the WASM over the HASH mark:
 * Grafana lets browsers keep plugin files for an hour, and new glue must never meet an old WASM.
 */
define(["react", "@grafana/data", "@grafana/runtime", "@grafana/ui"], function (React, data, runtime, ui) {
  "use strict";
  /*GLUE*/
  const STYLE = "/*STYLE*/";
  const h = React.createElement;

  const TABS = [
    { path: "", text: "Overview" },
    { path: "users", text: "Users" },
    { path: "mappings", text: "Team mappings" },
    { path: "plan", text: "Plan" },
    { path: "activity", text: "Activity" },
    { path: "setup", text: "Set-up" },
    { path: "settings", text: "Settings" },
  ];

  // ---- where we are ----------------------------------------------------------------------------------------------------------

  /** Grafana may live under a sub-path; `meta.baseUrl` is absolute only when a CDN serves the plugin. */
  const subUrl = () => runtime.config.appSubUrl || "";
  /** Not the `basename` property: newer versions of Grafana put the whole location into it. */
  const appPath = (meta) => "/a/" + meta.id;

  function assetUrl(meta, file) {
    const base = (meta.baseUrl || "public/plugins/" + meta.id).replace(/\/$/, "");
    return (/^(https?:\/)?\//.test(base) ? base : subUrl() + "/" + base) + "/" + file;
  }

  /** The part of the URL that is ours, without slashes at its ends and with its query; null on somebody else's page. */
  function routeOf(meta, location) {
    const base = appPath(meta);
    const { pathname, search } = location;
    if (pathname !== base && !pathname.startsWith(base + "/")) {
      return null;
    }
    return pathname.slice(base.length).replace(/^\/+|\/+$/g, "") + (search || "");
  }

  const currentRoute = (meta) => routeOf(meta, runtime.locationService.getLocation()) || "";

  // ---- the WASM, once per page load ------------------------------------------------------------------------------------------

  let loading = null;
  function load(meta) {
    if (typeof WebAssembly !== "object") {
      return Promise.reject(new Error("This browser does not support WebAssembly."));
    }
    if (!loading) {
      loading = wasm_bindgen({ module_or_path: assetUrl(meta, "rollcall_bg.wasm?v=/*HASH*/") });
      loading.catch(() => {
        loading = null; // "Try again" fetches it again
      });
    }
    return loading;
  }

  function explain(error) {
    const text = String((error && error.message) || error);
    return /Content Security Policy|wasm-eval|unsafe-eval/i.test(text)
      ? "The Content Security Policy of this Grafana does not allow WebAssembly. Add 'wasm-unsafe-eval' to script-src in [security] content_security_policy_template."
      : text;
  }

  // ---- theme: every token of GrafanaTheme2 becomes a custom property of our root ---------------------------------------------

  const kebab = (name) => name.replace(/[A-Z]/g, (c) => "-" + c.toLowerCase());

  function themeVariables(theme) {
    const variables = {};
    (function flatten(tokens, prefix, depth) {
      for (const [name, value] of Object.entries(tokens || {})) {
        if (typeof value === "string" || typeof value === "number") {
          variables[prefix + kebab(name)] = String(value);
        } else if (value && typeof value === "object" && depth < 3) {
          flatten(value, prefix + kebab(name) + "-", depth + 1);
        }
      }
    })(
      {
        colors: theme.colors, typography: theme.typography, shape: theme.shape,
        shadows: theme.shadows, components: theme.components, z: theme.zIndex,
      },
      "--gf-",
      0
    );
    for (let step = 1; step <= 8; step++) {
      variables["--gf-space-" + step] = theme.spacing(step);
    }
    variables["--gf-space-half"] = theme.spacing(0.5);
    variables["--gf-radius"] = theme.shape.radius ? theme.shape.radius.default : theme.shape.borderRadius();
    // What Grafana's components work out for themselves, with the theme's own functions.
    const { colors, visualization } = theme;
    variables["--gf-row-hover"] = colors.emphasize(colors.background.primary, 0.03);
    variables["--gf-secondary-hover-border"] = colors.secondary.borderEmphasis || colors.emphasize(colors.secondary.border, 0.25);
    for (const name of ["green", "blue", "orange", "red"]) {
      variables["--gf-" + name] = visualization.getColorByName(name);
    }
    return variables;
  }

  /** Which of Grafana's looks this is, by what its themes have: 13 brought the accent, 12 the larger radius. */
  const lookOf = (theme) => (theme.colors.accent ? "13" : theme.shape.radius && theme.shape.radius.lg ? "12" : "11");

  function applyTheme(root, theme) {
    root.style.cssText = ""; // themes differ in which tokens they have
    for (const [name, value] of Object.entries(themeVariables(theme))) {
      root.style.setProperty(name, value);
    }
    root.style.colorScheme = root.dataset.theme = theme.isDark ? "dark" : "light";
    root.dataset.look = lookOf(theme);
  }

  // ---- what the app may ask of Grafana ---------------------------------------------------------------------------------------

  /** Always resolves, with JSON `{status, body}`; status 0 means no answer at all. Errors are values here, never toasts. */
  function request(method, url, jsonBody) {
    return new Promise((resolve) => {
      const answer = (status, body) => resolve(JSON.stringify({ status: status || 0, body: body === undefined ? null : body }));
      runtime
        .getBackendSrv()
        .fetch({
          url, method, data: jsonBody === undefined ? undefined : JSON.parse(jsonBody),
          showErrorAlert: false, showSuccessAlert: false,
        })
        .subscribe({
          next: (response) => answer(response.status, response.data),
          error: (error) => answer(error.status, error.data || { message: String(error.statusText || error.message || error) }),
        });
    });
  }

  /** `navigator.clipboard` is missing where Grafana is served without TLS. */
  function copy(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text).then(() => true, () => false);
    }
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.appendChild(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return Promise.resolve(done);
  }

  /** A file made on this page, e.g. an export. */
  function download(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.target = "_self"; // Grafana's router takes links without a target
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** While there is something to lose, Grafana's history asks `question` before it leaves the page; an empty one takes it back. */
  let unblock = null;
  function guard(meta, question) {
    if (unblock) {
      unblock();
      unblock = null;
    }
    if (question) {
      const here = currentRoute(meta).split("?")[0];
      unblock = runtime.locationService.getHistory().block((next) => {
        const route = routeOf(meta, next.location || next);
        return route !== null && route.split("?")[0] === here ? undefined : question;
      });
    }
  }

  /** Intl throws on what Grafana may say: "default", "browser", "". */
  function usable(candidates, accepts) {
    return candidates.find((candidate) => {
      try {
        return Boolean(candidate) && accepts(candidate);
      } catch {
        return false;
      }
    });
  }

  function context(meta) {
    const user = runtime.config.bootData.user;
    const here = Intl.DateTimeFormat().resolvedOptions();
    return {
      pluginId: meta.id,
      base: subUrl() + appPath(meta),
      appUrl: subUrl(),
      path: currentRoute(meta),
      orgId: user.orgId,
      orgRole: user.orgRole || "",
      version: meta.info.version,
      locale: usable([user.language, user.locale, here.locale], (name) => Intl.DateTimeFormat(name)) || "en-US",
      timezone: usable([user.timezone === "utc" ? "UTC" : user.timezone, here.timeZone], (zone) => Intl.DateTimeFormat("en-US", { timeZone: zone })) || "UTC",
      call: (method, path, jsonBody) => request(method, "/api/plugins/" + meta.id + "/resources/" + path.replace(/^\//, ""), jsonBody),
      grafana: (method, path, jsonBody) => request(method, path, jsonBody),
      navigate: (path, replace) => runtime.locationService[replace ? "replace" : "push"](appPath(meta) + (path ? "/" + path : "")),
      download,
      guard: (question) => guard(meta, question),
      notify: (kind, title, text) => runtime.getAppEvents().publish({ type: data.AppEvents[kind].name, payload: [title, text] }),
      copy,
    };
  }

  /** After a panic the WASM throws at every touch; that must not take Grafana's page down too. */
  function tell(app, what) {
    try {
      if (app) {
        what(app);
      }
    } catch (error) {
      console.warn("Rollcall: the page has crashed", error);
    }
  }

  // ---- the pages Grafana asks for --------------------------------------------------------------------------------------------

  function RootPage(props) {
    const meta = props.meta;
    const user = runtime.config.bootData.user;
    const allowed = Boolean(user.isGrafanaAdmin) || user.orgRole === "Admin";
    const theme = ui.useTheme2();
    const root = React.useRef(null);
    const handle = React.useRef(null);
    const [attempt, setAttempt] = React.useState(0);
    const [state, setState] = React.useState({ ready: false, error: null });
    const [path, setPath] = React.useState(() => currentRoute(meta));

    React.useEffect(() => {
      if (!allowed) {
        return undefined; // and the WASM is not fetched
      }
      let gone = false;
      setState({ ready: false, error: null });
      load(meta)
        .then(() => {
          if (!gone && root.current) {
            applyTheme(root.current, theme);
            handle.current = wasm_bindgen.mount(root.current, context(meta));
            setState({ ready: true, error: null });
          }
        })
        .catch((error) => {
          if (!gone) {
            // A panic has put its own message, with a way out, into our root.
            setState(error instanceof WebAssembly.RuntimeError ? { ready: true, error: null } : { ready: false, error });
          }
        });
      return () => {
        gone = true;
        const mounted = handle.current;
        handle.current = null;
        tell(mounted, (app) => app.unmount());
      };
    }, [meta.id, allowed, attempt]);

    // Grafana owns the URL (G75). Its history gave listeners the location in v4 and gives them {location} since.
    React.useEffect(
      () =>
        runtime.locationService.getHistory().listen((event) => {
          const route = routeOf(meta, event.location || event);
          if (route !== null) {
            setPath(route);
          }
        }),
      [meta.id]
    );
    React.useEffect(() => tell(handle.current, (app) => app.set_path(path)), [path, state.ready]);
    React.useEffect(() => {
      if (root.current) {
        applyTheme(root.current, theme);
      }
    }, [theme, state.ready]);

    const first = path.split(/[/?]/)[0];
    const url = subUrl() + appPath(meta);
    const tab = TABS.find((one) => one.path && one.path === first);
    // Title and breadcrumb of the browser's tab name the page; Grafana drops the one of its own menu that has the same URL (G75).
    const pageNav = {
      text: tab ? tab.text : meta.name,
      subTitle: meta.info.description,
      img: meta.info.logos && meta.info.logos.large,
      url: tab ? url + "/" + tab.path : url,
      children: TABS.map((tab) => ({ text: tab.text, url: tab.path ? url + "/" + tab.path : url, active: tab.path === first })),
    };

    let notice = null;
    if (!allowed) {
      notice = h(ui.Alert, { severity: "warning", title: "Access denied" }, "You need the role Admin in this organization to see this page.");
    } else if (state.error) {
      // Not Alert's own button: its accessible name is "Close alert".
      notice = h(ui.Alert, { severity: "error", title: "The page could not be started" },
        h("p", null, explain(state.error)),
        h(ui.Button, { variant: "secondary", size: "sm", onClick: () => setAttempt(attempt + 1) }, "Try again"));
    } else if (!state.ready) {
      notice = h(ui.LoadingPlaceholder, { text: "Loading..." });
    }
    // PluginPage is set when Grafana's app starts: read now, not when this module loads.
    return h(runtime.PluginPage, { pageNav, renderTitle: () => h("h1", null, meta.name) }, h("style", { "data-testid": "rollcall-style" }, STYLE), notice, h("div", { ref: root, className: "rollcall-root", "data-testid": "rollcall-root" }));
  }

  function ConfigPage(props) {
    const meta = props.plugin.meta;
    return h("div", null,
      h("p", null, meta.enabled ? "Rollcall SCIM is set up on its own page." : "Enable this plugin first. It is then set up on its own page."),
      h(ui.LinkButton, { href: subUrl() + appPath(meta), disabled: !meta.enabled }, "Open Rollcall SCIM"));
  }

  return {
    plugin: new data.AppPlugin()
      .setRootPage(RootPage)
      .addConfigPage({ title: "Configuration", icon: "cog", id: "configuration", body: ConfigPage }),
  };
});
