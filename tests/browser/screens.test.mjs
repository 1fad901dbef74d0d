// Every page where there is nothing yet, and where the backend does not answer: it says what is the matter and what to do, and stands
// in nobody's way (axe). With SCREENSHOTS each is a picture; a11y.test.mjs makes those of the pages as they mostly are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, launch, screenshot, setTheme, signedIn, violations, withEmptyOrganization } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const PAGES = { overview: '', users: 'users', mappings: 'mappings', activity: 'activity', setup: 'setup', settings: 'settings' };
const root = (page) => page.getByTestId('rollcall-root');

test('an organization with nobody in it: each page says what to do', () =>
  signedIn(browser, async (_, admin) =>
    withEmptyOrganization(admin, (login) =>
      signedIn(
        browser,
        async (page) => {
          for (const [name, path] of Object.entries(PAGES)) {
            await page.goto(appUrl(path));
            await page.getByRole('tab', { name: /Overview/ }).waitFor();
            for (const theme of ['light', 'dark']) {
              await setTheme(page, theme);
              await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
              await root(page).getByText(/\w/).first().waitFor();
              await screenshot(page, `${name}-empty-${theme}`);
              assert.deepEqual(await violations(page), [], `${name}, ${theme}`);
            }
            assert.equal(await root(page).locator('.rcl-alert--error').count(), 0, `${name}: empty is no error`);
            if (['users', 'mappings', 'activity'].includes(name)) await root(page).locator('.rcl-empty').first().waitFor();
          }
        },
        { login }
      )
    )
  ));

for (const [kind, fulfil] of Object.entries({
  'answers 500': (route) => route.fulfill({ status: 500, contentType: 'application/json', body: '{"message":"The store could not be read"}' }),
  'does not answer': (route) => route.abort(),
})) {
  test(`a backend that ${kind}: each page says so, once, and mends itself when it is back`, () =>
    signedIn(
      browser,
      async (page) => {
        for (const [name, path] of Object.entries(PAGES)) {
          await page.route('**/resources/admin/**', fulfil);
          await page.goto(appUrl(path));
          const problem = root(page).locator('.rcl-alert--error').first();
          await problem.waitFor();
          assert.ok((await problem.innerText()).split('\n').filter(Boolean).length >= 2, `${name}: a title and a reason`);
          assert.equal(await page.locator('[aria-busy=true]').count(), 0, `${name}: nothing seems to be on its way`);
          if (kind === 'answers 500') {
            await screenshot(page, `${name}-error`);
            assert.match(await problem.innerText(), /The store could not be read/);
            assert.deepEqual(await violations(page), [], name);
          }
          await page.unroute('**/resources/admin/**');
          await page.getByRole('tab', { name: name === 'overview' ? 'Users' : 'Overview' }).click();
          await problem.waitFor({ state: 'detached' });
        }
      },
      { expected: /Failed to load resource/ }
    ));
}
