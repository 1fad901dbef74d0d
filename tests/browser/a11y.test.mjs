// axe-core over every page, dark and light, with what can be open on it; and the unsaved-changes question (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, screenshot, setTheme, signedIn, violations } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const PAGES = {
  overview: async () => appUrl(),
  users: async () => appUrl('users'),
  person: async (context) => `${appUrl('users')}?user=${(await backend(context, 'users?count=1')).users[0].id}`,
  mappings: async () => appUrl('mappings'),
  group: async (context) => `${appUrl('mappings')}?group=${(await backend(context, 'groups')).groups[0].id}`,
  activity: async () => appUrl('activity'),
  line: async (context) => `${appUrl('activity')}?line=${(await backend(context, 'activity?count=1')).entries[0].id}`,
  setup: async () => appUrl('setup'),
  settings: async () => appUrl('settings'),
};

for (const [name, address] of Object.entries(PAGES)) {
  test(`${name}: nothing stands in the way of anybody, in dark and in light`, () =>
    signedIn(browser, async (page, context) => {
      for (const theme of ['dark', 'light']) {
        await page.goto(await address(context));
        await setTheme(page, theme);
        await page.getByTestId('rollcall-root').locator('table, .rcl-log, .rcl-facts, .rcl-form').first().waitFor();
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        await screenshot(page, `${name}-${theme}`);
        assert.deepEqual(await violations(page), [], theme);
      }
    }));
}

test('settings that were typed and not saved are not lost by a wrong click', () =>
  signedIn(browser, async (page, context) => {
    const { settings } = await backend(context, 'settings');
    // The demo's file sets the URL of Grafana itself.
    const field = settings.find(({ key, locked }) => key === 'public_url' && !locked);
    await page.goto(appUrl('settings'));
    await page.locator('#rcl-setting-public_url').fill('https://elsewhere.example.com');
    let asked = 0;
    const answer = { leave: false };
    page.on('dialog', (dialog) => {
      asked++;
      return answer.leave ? dialog.accept() : dialog.dismiss();
    });
    await page.getByRole('tab', { name: 'Overview' }).click();
    assert.equal(asked, 1);
    assert.equal(await page.locator('#rcl-setting-public_url').inputValue(), 'https://elsewhere.example.com');
    answer.leave = true;
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByRole('region', { name: 'Sync state' }).waitFor();
    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.locator('#rcl-setting-public_url').waitFor();
    assert.equal(await page.locator('#rcl-setting-public_url').inputValue(), field.value ?? '');
    assert.equal(asked, 2);
  }));
