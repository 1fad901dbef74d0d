// What was typed on the settings page and not saved, and the ways to leave it (see session.mjs; a tab is in a11y.test.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('"back" and a link of Grafana ask before they lose what was typed, and nothing is asked once it is taken back', () =>
  signedIn(browser, async (page, context) => {
    const { settings } = await backend(context, 'settings');
    if (settings.find(({ key }) => key === 'break_glass').locked) return;
    await page.goto(appUrl());
    await page.getByRole('region', { name: 'Sync state' }).waitFor();
    await page.getByRole('tab', { name: 'Settings' }).click();
    const field = page.locator('#rcl-setting-break_glass');
    await field.fill('root-of-the-test');
    await page.getByText('1 unsaved change').waitFor();
    const asked = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      return dialog.dismiss();
    });
    // Not `goBack`, which waits for a page that does not come.
    await Promise.all([page.waitForEvent('dialog'), page.evaluate(() => void setTimeout(() => history.back()))]);
    await page.waitForURL((url) => url.pathname.endsWith('/settings'));
    await page.getByRole('link', { name: 'Home' }).first().click();
    assert.equal(await field.inputValue(), 'root-of-the-test');
    assert.deepEqual(asked, Array(2).fill('You have unsaved settings. Leave without saving them?'));
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('1 unsaved change').waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('region', { name: 'Sync state' }).waitFor();
    assert.equal(asked.length, 2);
  }));
