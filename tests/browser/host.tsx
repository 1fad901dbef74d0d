// The page around a plugin, made of Grafana's own npm packages: what Grafana's frontend does for an app plugin, and no more.
//
// Owns: the loader (SystemJS with Grafana's shared modules, by script tag or fetch), the properties of an app's root page, PluginPage,
// theme and its change, event bus, backendSrv, link interception, history. It must never know Rollcall.
// The server's index page tells it who is asking through `window.grafanaBootData`, which plugin there is through `window.__rigMeta`
// and how to load it through `window.__rig` ({load: 'script' | 'fetch', gv: '13.2.1'}). Start at `App`.
import 'systemjs/dist/system.js';
import 'systemjs/dist/extras/amd.js';
import 'systemjs-cjs-extra';
import * as emotion from '@emotion/css';
import * as grafanaData from '@grafana/data';
import * as grafanaRuntime from '@grafana/runtime';
import * as grafanaUi from '@grafana/ui';
import * as React from 'react';
import * as ReactDOM from 'react-dom';
import * as ReactDOMClient from 'react-dom/client';
import * as jsxRuntime from 'react/jsx-runtime';
import * as reactRouterDom from 'react-router-dom';
import * as reactRouterCompat from 'react-router-dom-v5-compat';
import * as rxjs from 'rxjs';
import { Gallery } from './gallery';

const { AppPlugin, EventBusSrv, ThemeContext, PluginContextProvider, AppEvents, locationUtil } = grafanaData as any;
const { config, locationService, setAppEvents, setBackendSrv, ThemeChangedEvent, locationSearchToObject } = grafanaRuntime as any;
const { Alert, GlobalStyles, Icon, PortalContainer, Tab, TabsBar } = grafanaUi as any;

const meta = (window as any).__rigMeta;
const { load, gv } = (window as any).__rig as { load: 'script' | 'fetch'; gv: string };
const major = parseInt(gv, 10);
const subUrl: string = config.appSubUrl ?? '';

// ---- loader ------------------------------------------------------------------------------------------------------------------

// The npm builds have no setPluginPage, so plugins get a live view of the runtime with our PluginPage on top.
const runtimeView: any = {};
for (const key of Object.keys(grafanaRuntime)) {
  Object.defineProperty(runtimeView, key, { enumerable: true, get: () => (key === 'PluginPage' ? PluginPage : (grafanaRuntime as any)[key]) });
}
Object.defineProperty(runtimeView, Symbol.toStringTag, { value: 'Module' }); // System.set copies everything else

const shared: Record<string, any> = {
  '@emotion/css': emotion,
  '@grafana/data': grafanaData,
  '@grafana/runtime': runtimeView,
  '@grafana/ui': grafanaUi,
  react: (React as any).default ?? React,
  'react-dom': (ReactDOM as any).default ?? ReactDOM,
  'react-router': reactRouterCompat,
  'react-router-dom': reactRouterDom,
  rxjs,
  ...(major >= 12 && { 'react/jsx-runtime': jsxRuntime }),
  ...(major >= 13 && { 'react-dom/client': ReactDOMClient }),
};
const System = (window as any).System;
for (const [name, module] of Object.entries(shared)) System.set(`package:${name}`, module);
System.addImportMap({ imports: Object.fromEntries(Object.keys(shared).map((name) => [name, `package:${name}`])) });

const loader = System.constructor.prototype;
loader.shouldFetch = (url: string) => load === 'fetch' || major < 11 || !/^[^#?]+\.js([?#].*)?$/.test(url);
if (major < 11) {
  // 10.x always fetches and evaluates, and hands AMD sources its private `define`: Monaco owns the global one.
  const fetchText = loader.fetch;
  loader.fetch = async (url: string, options: any) => {
    const response = await fetchText(url, options);
    if (!/javascript/.test(response.headers.get('content-type') ?? '')) return response;
    const source = `(function(define) {\n${await response.text()}\n})(window.__grafana_amd_define);`;
    return new Response(new Blob([source], { type: 'text/javascript' }));
  };
}
const resolve = loader.resolve;
loader.resolve = function (id: string, parent?: string) {
  const url = resolve.call(this, id, parent);
  return url.endsWith('.js') ? `${url}?_cache=${encodeURI(meta.info.version)}` : url;
};

function importPlugin(): Promise<any> {
  return System.import(`${subUrl}/${meta.module}`).then((exports: any) => {
    const plugin = (exports.plugin ?? exports.default?.plugin) || new AppPlugin();
    plugin.init(meta);
    plugin.meta = meta;
    return plugin;
  });
}

// ---- services ----------------------------------------------------------------------------------------------------------------

const bus = new EventBusSrv();
setAppEvents(bus);
locationUtil.initialize({ config, getTimeRangeForUrl: () => ({}), getVariablesUrlParams: () => ({}) });

setBackendSrv({
  fetch: (options: any) => rxjs.from(answer(options)),
} as any);

async function answer(options: any) {
  const response = await fetch(`${subUrl}/${options.url.replace(/^\//, '')}`, {
    method: options.method ?? 'GET',
    credentials: 'same-origin',
    headers: { 'X-Grafana-Org-Id': String(config.bootData.user.orgId), 'Content-Type': 'application/json', ...options.headers },
    body: options.data === undefined ? undefined : JSON.stringify(options.data),
  });
  const text = await response.text();
  let data: any = text;
  try {
    data = text === '' ? undefined : JSON.parse(text);
  } catch {
    // as backendSrv: what is not JSON stays text
  }
  if (!response.ok) {
    if (options.showErrorAlert !== false) bus.emit(AppEvents.alertError, [data?.message ?? response.statusText]);
    throw { status: response.status, statusText: response.statusText, data, config: options };
  }
  return { data, status: response.status, ok: true, headers: response.headers, url: response.url, config: options };
}

// Grafana's shortcut on Escape keeps the browser from telling a dialog (G75).
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') event.preventDefault();
});

// Grafana takes every plain link on the page into its own history.
document.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.defaultPrevented || !(event.target instanceof Element)) return;
  const link = event.target.closest('a');
  const href = link?.getAttribute('href');
  if (!link || !href || link.getAttribute('target')) return;
  event.preventDefault();
  const target: string = locationUtil.stripBaseFromUrl(href);
  if (target.includes('://')) window.location.href = target;
  else locationService.push(target.startsWith('/') ? target : `/${target}`);
});

// ---- chrome ------------------------------------------------------------------------------------------------------------------

function PluginPage({ actions, children, pageNav, renderTitle, subTitle }: any) {
  React.useEffect(() => {
    document.title = `${pageNav.text} - Grafana`;
  }, [pageNav.text]);
  return (
    <div style={{ padding: 32, display: 'flex', flexDirection: 'column', flexGrow: 1, minWidth: 0 }}>
      <div style={{ display: 'flex', flexDirection: 'column', gap: 8, marginBottom: 16 }}>
        <div style={{ display: 'flex', gap: 24, alignItems: 'flex-start', flexWrap: 'wrap' }}>
          <div style={{ flex: 1, display: 'flex' }}>
            {pageNav.img && <img src={pageNav.img} alt="" style={{ width: 32, height: 32, marginRight: 16 }} />}
            {renderTitle ? renderTitle(pageNav.text) : <h1 style={{ marginBottom: 0 }}>{pageNav.text}</h1>}
          </div>
          <div>{actions}</div>
        </div>
        <div style={{ opacity: 0.75 }}>{subTitle ?? pageNav.subTitle}</div>
      </div>
      {pageNav.children && (
        <div style={{ paddingBottom: 24 }}>
          <TabsBar>
            {pageNav.children.map((tab: any) => (
              <Tab key={tab.url} label={tab.text} active={tab.active} href={tab.url} />
            ))}
          </TabsBar>
        </div>
      )}
      <div style={{ flexGrow: 1 }}>{children}</div>
    </div>
  );
}

class Boundary extends React.Component<any, { error?: unknown }> {
  state: { error?: unknown } = {};
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  render() {
    return this.state.error ? <Alert title="Plugin failed to load" severity="error">{String(this.state.error)}</Alert> : this.props.children;
  }
}

/** The plugin, once: Grafana imports it per page load, not per visit. */
function usePlugin() {
  const [state, setState] = React.useState<{ plugin?: any; error?: unknown }>({});
  React.useEffect(() => {
    importPlugin().then(
      (plugin) => setState({ plugin }),
      (error) => {
        console.error(error);
        setState({ error });
      }
    );
  }, []);
  return state;
}

function AppRootPage() {
  const location = (reactRouterCompat as any).useLocation();
  const { plugin, error } = usePlugin();
  if (error) return <Alert title="App not found" severity="error">{String(error)}</Alert>;
  if (!plugin) return null;
  const Root = plugin.root;
  return (
    <PluginContextProvider meta={meta}>
      <Boundary>
        {/* Newer versions pass the whole location as basename. */}
        <Root meta={meta} basename={location.pathname} onNavChanged={() => {}} query={locationSearchToObject(location.search)} path={location.pathname} />
      </Boundary>
    </PluginContextProvider>
  );
}

function PluginConfigPage() {
  const { plugin } = usePlugin();
  const page = plugin?.configPages?.[0];
  return (
    <div style={{ padding: 32 }}>
      <h1>{meta.name}</h1>
      {page && <page.body plugin={plugin} query={{}} />}
    </div>
  );
}

function App() {
  const [theme, setTheme] = React.useState(config.theme2);
  React.useEffect(() => {
    const subscription = bus.subscribe(ThemeChangedEvent, (event: any) => {
      config.theme2 = event.payload;
      setTheme(event.payload);
    });
    return () => subscription.unsubscribe();
  }, []);
  const { Router, Route, Switch } = reactRouterDom as any;
  const { CompatRouter } = reactRouterCompat as any;
  const { background, border, text } = theme.colors;
  return (
    <ThemeContext.Provider value={theme}>
      <Router history={locationService.getHistory()}>
        <CompatRouter>
          <GlobalStyles />
          <div style={{ display: 'flex', flexDirection: 'column', minHeight: '100vh', background: background.canvas }}>
            <header
              style={{
                height: 40, display: 'flex', alignItems: 'center', gap: 8, padding: '0 16px',
                borderBottom: `1px solid ${border.weak}`, background: background.primary, color: text.secondary,
              }}
            >
              <a href={`${subUrl}/`}>Home</a>
              <Icon name="angle-right" />
              <span>Apps</span>
              <Icon name="angle-right" />
              <a href={`${subUrl}/a/${meta.id}`}>{meta.name}</a>
            </header>
            <main className="main-view" style={{ background: background.primary, flexGrow: 1, display: 'flex', flexDirection: 'column' }}>
              <Switch>
                <Route path={`/a/${meta.id}`} render={() => <AppRootPage />} />
                <Route path={`/plugins/${meta.id}`} render={() => <PluginConfigPage />} />
                <Route path="/gallery" render={() => <Gallery />} />
                <Route render={() => <div style={{ padding: 32 }}><h1>Home</h1></div>} />
              </Switch>
            </main>
          </div>
          <PortalContainer />
        </CompatRouter>
      </Router>
    </ThemeContext.Provider>
  );
}

/** For tests: the profile page's theme switch, without the profile page. */
(window as any).__setTheme = (id: string) => {
  const { getThemeById, createTheme } = grafanaData as any;
  bus.publish(new ThemeChangedEvent(getThemeById ? getThemeById(id) : createTheme({ colors: { mode: id } })));
};

/** For tests: every theme of this line, the experimental ones too. */
(window as any).__themes = (): string[] => {
  const { getBuiltInThemes } = grafanaData as any;
  const more = ['deut_prot_dark', 'tritanopia_dark', 'visual_refresh_dark', 'tron'];
  return getBuiltInThemes ? getBuiltInThemes(more).map((theme: any) => theme.id) : ['dark', 'light'];
};

ReactDOMClient.createRoot(document.getElementById('reactRoot')!).render(<App />);
