// The activity page, in a real browser, against the real backend (see session.mjs).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const lines = (page) => page.getByTestId('activity').getByRole('listitem');

test('the log is there, and a filter of outcome is in the URL', () =>
  signedIn(browser, async (page, context) => {
    const { entries } = await backend(context, 'activity?count=50');
    assert.ok(entries.length > 0, 'the demo has a log');
    await page.goto(appUrl('activity'));
    await lines(page).first().waitFor();
    const refused = (await backend(context, 'activity?count=50&outcome=refused')).entries.length;
    await page.getByRole('radio', { name: 'Refused', exact: true }).check();
    await page.waitForURL((url) => url.searchParams.get('outcome') === 'refused');
    if (refused === 0) await page.getByText('No line matches').waitFor();
    else await page.waitForFunction((n) => document.querySelectorAll('[data-testid=activity] li').length === n, refused);
    await page.goto(`${appUrl('activity')}?outcome=done`);
    assert.ok(await page.getByRole('radio', { name: 'Done', exact: true }).isChecked());
  }));

test('one line tells all of it, and leads to whom it is about', () =>
  signedIn(browser, async (page, context) => {
    const { entries } = await backend(context, 'activity?count=200');
    const entry = entries.find((entry) => entry.target_kind === 'User' && entry.target_id && entry.outcome === 'done');
    await page.goto(`${appUrl('activity')}?line=${entry.id}`);
    const drawer = page.getByRole('dialog', { name: 'What happened' });
    await drawer.getByText(entry.action, { exact: true }).waitFor();
    await drawer.getByText(entry.target_id, { exact: true }).waitFor();
    await drawer.getByRole('link', { name: 'Follow' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('Only what happened to').waitFor();
    const own = (await backend(context, `activity?count=50&target=${entry.target_id}`)).entries.length;
    await page.waitForFunction((n) => document.querySelectorAll('[data-testid=activity] li').length === n, own);
    await page.getByRole('button', { name: 'Show everything' }).click();
    await page.getByText('Only what happened to').waitFor({ state: 'detached' });
    await page.goto(`${appUrl('activity')}?line=${entry.id}`);
    await page.getByRole('dialog').getByRole('link', { name: 'Open this person' }).click();
    await page.getByRole('dialog').getByRole('heading', { name: 'History' }).waitFor();
  }));

test('a line opens by keyboard, and Esc goes back to it', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl('activity'));
    const link = lines(page).last().getByRole('link');
    await link.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'What happened' }).getByText('Correlation id').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await link.evaluate((element) => element === document.activeElement));
  }));

test('an export holds every line that the filter matches, not only the page that is shown', () =>
  signedIn(browser, async (page, context) => {
    // Small pages, so that the export has several to fetch.
    await page.route('**/admin/activity?count=200*', (route) => route.continue({ url: route.request().url().replace('count=200', 'count=3') }));
    const { entries } = await backend(context, 'activity?count=200&outcome=done');
    assert.ok(entries.length > 3, 'the demo has a log of several pages');
    await page.goto(`${appUrl('activity')}?outcome=done`);
    await lines(page).first().waitFor();
    const exported = async (button) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()]);
      return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
    };
    const json = await exported('Export JSON');
    assert.equal(json.name, 'activity.json');
    const ids = JSON.parse(json.text).map((entry) => entry.id);
    for (const entry of entries) assert.ok(ids.includes(entry.id), `line ${entry.id}`);
    await page.getByRole('status').getByText(/lines? exported/).waitFor();
    const csv = await exported('Export CSV');
    assert.equal(csv.name, 'activity.csv');
    const rows = csv.text.trimEnd().split('\r\n');
    assert.match(rows[0], /^"time","source","actor"/);
    assert.ok(rows.length > entries.length, 'a heading and each line');
  }));

test('the log is narrowed to one caller, by choice and by link', () =>
  signedIn(browser, async (page, context) => {
    const { callers } = await backend(context, 'activity?count=1');
    assert.ok(callers.length > 0, 'the demo has a caller');
    const own = (await backend(context, `activity?count=50&actor=${callers[0]}`)).entries.length;
    await page.goto(appUrl('activity'));
    await lines(page).first().waitFor();
    await page.getByRole('combobox', { name: 'Who' }).selectOption(callers[0]);
    await page.waitForURL((url) => url.searchParams.get('actor') === callers[0]);
    await page.waitForFunction((n) => document.querySelectorAll('[data-testid=activity] li').length === n, own);
    await page.goto(`${appUrl('activity')}?actor=nobody-1`);
    await page.getByText('No line matches').waitFor();
    assert.equal(await page.getByRole('combobox', { name: 'Who' }).inputValue(), 'nobody-1');
  }));

test('a line shows what was done in Grafana for the same request', () =>
  signedIn(browser, async (page, context) => {
    const { entries } = await backend(context, 'activity?count=200&source=scim&outcome=done');
    for (const asked of entries) {
      const of = await backend(context, `activity?count=50&correlation=${asked.correlation}`);
      const done = of.entries.find((entry) => entry.source === 'grafana');
      if (!done) continue;
      await page.goto(`${appUrl('activity')}?line=${asked.id}`);
      const drawer = page.getByRole('dialog', { name: 'What happened' });
      await drawer.getByRole('heading', { name: 'Asked and done in the same request' }).waitFor();
      assert.equal(await drawer.getByTestId('activity').getByRole('listitem').count(), of.entries.length - 1);
      return;
    }
    assert.fail('the demo has no request that led to a change in Grafana');
  }));
