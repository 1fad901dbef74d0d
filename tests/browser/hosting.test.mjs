// How Grafana may load and serve us: by script tag or by fetch and eval, under its stock Content-Security-Policy, below a sub-path.
// Which sub-path and which policy is the server's matter (xtask/src/test.rs); how the plugin is loaded is chosen here (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, launch, PLUGIN, rootUrl, setTheme, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const tab = (page, name) => page.getByRole('tab', { name });
const heading = (page, name) => page.getByTestId('rollcall-root').getByRole('heading', { name });

/** What a backend of Grafana says as `loadingStrategy`. */
const loadedBy = (page, load) =>
  page.route(/\/a\//, async (route) => {
    if (route.request().resourceType() !== 'document') return route.fallback();
    const response = await route.fetch();
    const html = await response.text();
    assert.ok(html.includes('"load":"script"'), 'the page host is told how to load');
    await route.fulfill({ response, body: html.replace('"load":"script"', `"load":"${load}"`) });
  });

for (const load of ['script', 'fetch']) {
  test(`loaded by ${load}, everything that Grafana's frame can do to the page works`, (t) =>
    signedIn(browser, async (page) => {
      const document = await page.goto(appUrl());
      if (!(await page.evaluate(() => Boolean(window.__rig)))) return t.skip('a real Grafana decides this itself');
      await loadedBy(page, load);
      const policy = document.headers()['content-security-policy'] ?? '';
      assert.match(policy, /script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' 'nonce-[^']+'/, 'Grafana\'s stock policy');
      const sub = new URL(rootUrl()).pathname.replace(/\/$/, '');
      assert.equal(await page.evaluate(() => window.grafanaBootData.settings.appSubUrl), sub);
      const line = parseInt(await page.evaluate(() => window.__rig.gv), 10);

      await page.addInitScript(() => {
        window.violations = [];
        addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
        // Our timers that are running, and nobody else's.
        window.timers = new Set();
        const { setInterval, clearInterval } = window;
        window.setInterval = (...args) => {
          const id = setInterval(...args);
          if (new Error().stack.includes('.wasm')) window.timers.add(id);
          return id;
        };
        window.clearInterval = (id) => {
          window.timers.delete(id);
          clearInterval(id);
        };
      });
      const asked = { module: [], wasm: 0 };
      page.on('request', (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.endsWith(`/public/plugins/${PLUGIN}/module.js`)) asked.module.push(request.resourceType());
        if (pathname.endsWith('.wasm')) asked.wasm++;
        assert.ok(pathname.startsWith(`${sub}/`) || pathname === '/favicon.ico', `${pathname} is below ${sub}`);
      });

      // A deep link, with what is open on it; then all the ways to another page.
      await page.goto(`${appUrl('activity')}?outcome=done`);
      assert.ok(await page.getByRole('radio', { name: 'Done', exact: true }).isChecked());
      // 10.x evaluates whatever it loads.
      assert.deepEqual(asked.module, [load === 'fetch' || line < 11 ? 'fetch' : 'script']);
      assert.equal(await tab(page, 'Activity').getAttribute('aria-selected'), 'true');
      await tab(page, 'Settings').click();
      await heading(page, 'Connection to Grafana').waitFor();
      assert.equal(new URL(page.url()).pathname, `${sub}/a/${PLUGIN}/settings`);
      await tab(page, 'Team mappings').click();
      await heading(page, 'Mapping mode').waitFor();
      await page.goBack();
      await heading(page, 'Connection to Grafana').waitFor();
      await page.goBack();
      await page.getByRole('radio', { name: 'Done', exact: true }).waitFor();
      assert.ok(await page.getByRole('radio', { name: 'Done', exact: true }).isChecked(), 'the filter of the URL');
      await page.goForward();
      await heading(page, 'Connection to Grafana').waitFor();

      // The theme changes under the open page, and no other page is loaded for it.
      const colour = () => page.getByTestId('rollcall-root').evaluate((root) => getComputedStyle(root).color);
      await setTheme(page, 'light');
      const light = await colour();
      await setTheme(page, 'dark');
      assert.notEqual(await colour(), light);

      // Away: nothing of ours goes on.
      await tab(page, 'Overview').click();
      await heading(page, 'Recent activity').waitFor();
      const timers = () => page.evaluate(() => window.timers.size);
      assert.ok((await timers()) > 0, 'the page refreshes itself');
      await page.getByRole('link', { name: 'Home' }).first().click();
      await page.getByTestId('rollcall-root').waitFor({ state: 'detached' });
      assert.equal(await timers(), 0, 'no timer of a page that is gone');

      // And back, without fetching anything of ours again.
      await page.goBack();
      await heading(page, 'Recent activity').waitFor();
      assert.equal(asked.wasm, 1);
      assert.equal(asked.module.length, 1);
      assert.deepEqual(await page.evaluate(() => window.violations), []);
    }));
}
