// 100,000 people: the pages show as much as one can read, and find anybody (xtask/src/test.rs fills the store; see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, screenshot, setTheme, signedIn } from '../session.mjs';

const CROWD = 100_000;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const rows = (page) => page.getByTestId('people').locator('tbody tr');

test('anybody is found among 100,000, and the next page is the next people', () =>
  signedIn(browser, async (page, context) => {
    const { total } = await backend(context, 'users?count=1');
    assert.ok(total > CROWD, `${total} people`);
    await page.goto(appUrl('users'));
    await rows(page).nth(24).waitFor();
    assert.equal(await rows(page).count(), 25, 'a page, not a hundred thousand rows');
    await page.getByRole('navigation', { name: /page/i }).getByText(total.toLocaleString('en-US')).waitFor();
    await page.getByRole('searchbox', { name: /Search people/ }).fill('ada.king.054321');
    await page.getByRole('link', { name: 'ada.king.054321@example.com', exact: true }).waitFor();
    await rows(page).nth(1).waitFor({ state: 'detached' });
    assert.equal(await rows(page).count(), 1);
    await page.getByRole('searchbox', { name: /Search people/ }).fill('');
    await rows(page).nth(24).waitFor();
    const first = await rows(page).locator('td:first-child').allTextContents();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText(first[0], { exact: true }).first().waitFor({ state: 'detached' });
    const second = await rows(page).locator('td:first-child').allTextContents();
    assert.deepEqual(second.filter((login) => first.includes(login)), []);
  }));

for (const [name, path] of Object.entries({ overview: '', users: 'users', mappings: 'mappings', activity: 'activity' })) {
  test(`${name}, with 100,000 people`, () =>
    signedIn(browser, async (page) => {
      await page.goto(appUrl(path));
      await page.getByTestId('rollcall-root').locator('table, .rcl-log, .rcl-figures').first().waitFor();
      for (const theme of ['light', 'dark']) {
        await setTheme(page, theme);
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        await screenshot(page, `${name}-crowd-${theme}`);
      }
      assert.equal(await page.locator('.rcl-alert--error').count(), 0);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the window');
    }));
}
