// What the overview shows beside its counts: the chart, what to do next, how people sign in (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, PLUGIN, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const section = (page, name) => page.getByRole('region', { name });

test('the chart says its numbers in words, and each hour in a list', () =>
  signedIn(browser, async (page, context) => {
    const { chart } = await backend(context, 'overview');
    const all = chart.reduce((sum, hour) => sum + hour.requests, 0);
    assert.ok(all > 0, 'the demo has requests');
    await page.goto(appUrl());
    const chartOf = section(page, 'Requests');
    await chartOf.getByRole('img', { name: new RegExp(`^${all} requests? in the last 24 hours`) }).waitFor();
    const bars = await chartOf.locator('path').first().getAttribute('d');
    assert.equal(bars.match(/M/g).length, chart.filter((hour) => hour.requests > 0).length, 'a bar for each hour with requests');
    // By keyboard.
    await chartOf.getByText('Hour by hour').focus();
    await page.keyboard.press('Enter');
    const busy = chart.filter((hour) => hour.requests > 0);
    await page.waitForFunction((n) => document.querySelectorAll('[data-testid=rollcall-root] details li').length === n, busy.length);
    const last = busy.at(-1);
    await chartOf.getByText(new RegExp(`: ${last.requests} requests?, ${last.failed} not served$`)).first().waitFor();
  }));

test('what to do next is named, and leads to where it is done', () =>
  signedIn(browser, async (page, context) => {
    const { next } = await backend(context, 'overview');
    await page.goto(appUrl());
    await section(page, 'Counts').waitFor();
    const list = section(page, 'What to do next');
    assert.equal(await list.getByRole('listitem').count(), next.length);
    for (const step of next) {
      if (!step.page) continue;
      const link = list.getByRole('link', { name: step.what });
      assert.ok((await link.getAttribute('href')).endsWith(`/a/${PLUGIN}/${step.page}`), step.what);
    }
  }));

test('the sign-in check has the lines to change, and copies them', () =>
  signedIn(browser, async (page, context) => {
    // As the login doctor would find it (tests/e2e/doctor.rs has it find it): the demo's Grafana has no other sign-in method.
    const found = { what: 'Nobody who is provisioned gets in by Okta.', outcome: 'failed', detail: 'Grafana does not link.', lines: ['[auth]', 'oauth_allow_insecure_email_lookup = true'] };
    const real = await backend(context, 'overview');
    await page.route('**/admin/overview', (route) => route.fulfill({ json: { ...real, sign_in: [found] } }));
    await page.goto(appUrl());
    const list = section(page, 'How people sign in');
    await list.getByText(found.what).waitFor();
    await list.getByText('does not work').waitFor({ state: 'attached' });
    assert.equal(await list.locator('pre').innerText(), found.lines.join('\n'));
    await list.getByRole('button', { name: 'Copy' }).click();
    await list.getByRole('button', { name: /Copied|Press Ctrl/ }).waitFor();
    await page.unroute('**/admin/overview');
    await page.goto(appUrl());
    for (const { what } of real.sign_in) await list.getByText(what).first().waitFor();
  }));

test('whoever has called leads to what they did', () =>
  signedIn(browser, async (page, context) => {
    const { callers } = await backend(context, 'overview');
    await page.goto(appUrl());
    await section(page, 'Identity provider').getByRole('link', { name: callers[0].login, exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('actor') === callers[0].login);
    await page.getByTestId('activity').getByRole('listitem').first().waitFor();
  }));
