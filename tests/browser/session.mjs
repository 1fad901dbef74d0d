// A browser, signed in to a running Grafana (or the stand-in) that has demo data.
//
// Owns: environment, sign-in, and the rule that no page may log an error. Env: GRAFANA_URL, GRAFANA_USER, GRAFANA_PASSWORD (a server
// admin), CHROMIUM (default /usr/bin/chromium), SCREENSHOTS (a folder; no pictures without it).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright-core';

export const PLUGIN = 'rollcall-scim-app';
const URL_ = process.env.GRAFANA_URL?.replace(/\/$/, '');
const LOGIN = { user: process.env.GRAFANA_USER ?? 'admin', password: process.env.GRAFANA_PASSWORD ?? 'admin' };
if (!URL_) throw new Error('GRAFANA_URL is not set: start the stand-in first (`cargo xtask dev`), or use `cargo xtask test`');

export const appUrl = (tab = '') => `${URL_}/a/${PLUGIN}${tab && `/${tab}`}`;
export const rootUrl = () => URL_;
export const adminApi = (route) => `${URL_}/api/plugins/${PLUGIN}/resources/admin/${route}`;

/**
 * The backend learns Grafana's own address when it first looks at Grafana, a moment after each start. Where the demo company was
 * made at another address, its password is kept back until somebody types it again.
 */
async function ready() {
  const authorization = `Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64')}`;
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(adminApi('overview'), { headers: { authorization } });
    const said = await answer.text();
    const seen = answer.ok ? JSON.parse(said) : {};
    if (seen.scim_url?.startsWith('http')) return;
    if (seen.sync === 'not_configured') {
      const headers = { authorization, 'content-type': 'application/json' };
      const body = JSON.stringify({ admin_password: LOGIN.password });
      const given = await fetch(adminApi('credentials/given'), { method: 'POST', headers, body });
      assert.ok(given.ok, `the password is taken again: ${given.status} ${await given.text()}`);
    }
    assert.ok(Date.now() < deadline, `the backend has seen its Grafana: ${answer.status} ${said}`);
    await setTimeout(100);
  }
}

/** A browser, once there is something to see. */
export async function launch() {
  await ready();
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    ],
  });
}

/** Runs `job(page, context)` as `login`; fails if the page logged an error that `expected` does not match. */
export async function signedIn(browser, job, { login = LOGIN, expected = null } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' });
  // A bound, not an expectation: the machines that run this also compile.
  context.setDefaultTimeout(30_000);
  try {
    const answer = await context.request.post(`${URL_}/login`, { data: login });
    assert.equal(answer.status(), 200, `sign-in as ${login.user}`);
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      // Fonts and icons that the page host does not have are Grafana's own business.
      const noise = /\/favicon\.ico$|\/public\/(build\/)?(fonts|img)\//.test(message.location().url) || expected?.test(message.text());
      if (message.type() === 'error' && !noise) problems.push(message.text());
    });
    await job(page, context);
    assert.deepEqual(problems, [], 'the page logged errors');
  } finally {
    await context.close();
  }
}

/** What the backend itself says, to compare the page with. */
export async function backend(context, route) {
  const answer = await context.request.get(adminApi(route));
  assert.equal(answer.status(), 200, route);
  return answer.json();
}

/** The row of a group on the mappings page. */
export const groupRow = (page, name) => page.getByTestId('groups').getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is wrong inside our root; the rest of the page is Grafana's. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run('[data-testid=rollcall-root]'));
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
}

/** A user of Grafana with the role Viewer, for the time of `job`. */
export async function withViewer(context, job) {
  const name = `viewer-${crypto.randomUUID().slice(0, 8)}`;
  const login = { user: name, password: `pw-${crypto.randomUUID()}` };
  const made = await context.request.post(`${URL_}/api/admin/users`, {
    data: { name, login: name, email: `${name}@example.com`, password: login.password, OrgId: 1 },
  });
  assert.equal(made.status(), 200, await made.text());
  const { id } = await made.json();
  try {
    const demoted = await context.request.patch(`${URL_}/api/org/users/${id}`, { data: { role: 'Viewer' } });
    assert.equal(demoted.status(), 200, await demoted.text());
    await job(login);
  } finally {
    await context.request.delete(`${URL_}/api/admin/users/${id}`);
  }
}

/** An Admin of an organization that was made for the time of `job`, with the plugin enabled and nothing in it. */
export async function withEmptyOrganization(context, job) {
  const name = `empty-${crypto.randomUUID().slice(0, 8)}`;
  const login = { user: name, password: `pw-${crypto.randomUUID()}` };
  const call = async (method, path, data, as = context) => {
    const answer = await as.request[method](`${URL_}/api/${path}`, data && { data });
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  };
  const { orgId } = await call('post', 'orgs', { name });
  try {
    const { id } = await call('post', 'admin/users', { name, login: name, email: `${name}@example.com`, password: login.password, OrgId: orgId });
    try {
      await call('patch', `orgs/${orgId}/users/${id}`, { role: 'Admin' });
      const own = await context.browser().newContext();
      assert.equal((await own.request.post(`${URL_}/login`, { data: login })).status(), 200);
      await call('post', `plugins/${PLUGIN}/settings`, { enabled: true, pinned: true, jsonData: {} }, own);
      await own.close();
      await job(login);
    } finally {
      await call('delete', `admin/users/${id}`);
    }
  } finally {
    await call('delete', `orgs/${orgId}`);
  }
}

/** Switches the theme as Grafana's profile page does (page host), or by Grafana's own `?theme=` (a real Grafana). */
export async function setTheme(page, theme) {
  if (await page.evaluate(() => typeof window.__setTheme === 'function')) {
    await page.evaluate((id) => window.__setTheme(id), theme);
  } else {
    await page.goto(`${page.url().split('?')[0]}?theme=${theme}`);
  }
  await page.locator(`[data-testid=rollcall-root][data-theme=${theme}]`).waitFor();
}

export async function screenshot(page, name) {
  if (!process.env.SCREENSHOTS) return;
  mkdirSync(process.env.SCREENSHOTS, { recursive: true });
  // What a dialog covers is the window, not the page; and Chromium's hit test of what stands above a blurred backdrop does not survive the
  // window's growing and shrinking for a picture of the whole page (seen in the look of Grafana 11).
  const fullPage = (await page.getByRole('dialog').count()) === 0;
  await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage });
}
