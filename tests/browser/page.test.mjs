// What an admin does on the page, in a real browser, against the real backend: `node --test tests/browser/` (see session.mjs for env).
// No test needs another one's leftovers. What the page must show is asked of the backend itself, so any demo data will do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminApi, appUrl, backend, groupRow, launch, PLUGIN, setTheme, signedIn, withViewer } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const tab = (page, name) => page.getByRole('tab', { name });

test('the overview answers first, and its numbers lead to the people', () =>
  signedIn(browser, async (page, context) => {
    await page.goto(appUrl());
    await page.getByRole('region', { name: 'Sync state' }).getByText(/In sync\.|Syncing\.|Something needs you\./).waitFor();
    const url = await page.getByRole('textbox', { name: 'SCIM endpoint' }).inputValue();
    assert.match(url, new RegExp(`/api/plugins/${PLUGIN}/resources/scim/v2/?$`));
    await page.getByTestId('activity').getByRole('listitem').first().waitFor();
    await page.getByRole('region', { name: 'Counts' }).getByRole('link', { name: /active$/ }).click();
    const [user] = (await backend(context, 'users?count=1')).users;
    await page.getByTestId('people').getByRole('cell', { name: user.user_name, exact: true }).first().waitFor();
  }));

test('"Check now" asks the engine to look again', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl());
    const asked = page.waitForResponse((answer) => answer.url().endsWith('/admin/sync'));
    await page.getByRole('button', { name: 'Check now' }).click();
    assert.equal((await asked).status(), 202);
  }));

test('the strict table shows every group, and the team of each that is mapped', () =>
  signedIn(browser, async (page, context) => {
    const { groups, mapping_mode } = await backend(context, 'groups');
    const mapped = groups.filter((group) => group.mappings.length > 0);
    assert.ok(mapped.length > 0, 'the demo has a mapped group');
    await page.goto(appUrl('mappings'));
    for (const group of groups) {
      await groupRow(page, group.display_name).first().waitFor();
      for (const mapping of group.mappings) await groupRow(page, group.display_name).getByText(mapping.team_name, { exact: true }).first().waitFor();
    }
    const chosen = mapping_mode === 'strict' ? /^Strict/ : /^Create/;
    assert.ok(await page.getByRole('radio', { name: chosen }).isChecked());
  }));

test('a mapping is added and removed through the dialogs', () =>
  signedIn(browser, async (page, context) => {
    const { groups } = await backend(context, 'groups');
    const group = groups[0].display_name;
    const team = `Browser ${crypto.randomUUID().slice(0, 8)}`;
    await page.goto(appUrl('mappings'));
    await page.getByRole('button', { name: `Map ${group}`, exact: true }).click();
    const dialog = page.getByRole('dialog');
    // Nothing chosen: said at the field, nothing sent.
    await dialog.getByRole('button', { name: 'Save mapping' }).click();
    await dialog.getByRole('alert').getByText('Choose a team').waitFor();
    await dialog.getByRole('combobox', { name: /Team/ }).fill(team);
    await dialog.getByRole('option', { name: `Make a new team “${team}”` }).waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByTestId('preview').getByText('A new team is made.').waitFor();
    await dialog.getByRole('radio', { name: 'Admins of the team' }).check();
    await dialog.getByRole('button', { name: 'Save mapping' }).click();
    await dialog.waitFor({ state: 'detached' });
    await groupRow(page, group).getByText(team).first().waitFor();

    await page.getByRole('button', { name: `Remove the mapping of ${group} to ${team}` }).click();
    await page.getByRole('dialog').getByText('The team itself stays').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove mapping' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await groupRow(page, group).getByText(team).waitFor({ state: 'detached' });
    const after = await backend(context, 'groups');
    assert.ok(!JSON.stringify(after.groups.map((group) => group.mappings)).includes(team));
  }));

test('a dialog is left by Esc, and the focus goes back to where it was', () =>
  signedIn(browser, async (page, context) => {
    const { groups } = await backend(context, 'groups');
    await page.goto(appUrl('mappings'));
    const opener = page.getByRole('button', { name: `Map ${groups[0].display_name}`, exact: true });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await opener.evaluate((element) => element === document.activeElement));
  }));

test('a switch of the mode asks first, and nothing changes when it is withdrawn', () =>
  signedIn(browser, async (page, context) => {
    const before = await backend(context, 'groups');
    const [now, other] = before.mapping_mode === 'strict' ? [/^Strict/, /^Create/] : [/^Create/, /^Strict/];
    await page.goto(appUrl('mappings'));
    await page.getByRole('radio', { name: other }).check();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await page.getByRole('radio', { name: now }).isChecked());
    assert.equal((await backend(context, 'groups')).mapping_mode, before.mapping_mode);
  }));

test('Test says what the credentials can do', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl('settings'));
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    const result = page.getByTestId('test-result');
    await result.getByRole('status').waitFor();
    assert.ok((await result.getByRole('listitem').count()) > 0, 'each check has a line');
  }));

test('every setting is shown with its origin, and a secret never', () =>
  signedIn(browser, async (page, context) => {
    const { settings } = await backend(context, 'settings');
    await page.goto(appUrl('settings'));
    for (const { key, value, secret_set, locked } of settings) {
      const control = page.locator(`#rcl-setting-${key}`);
      await control.waitFor();
      if (secret_set === null || secret_set === undefined) assert.equal(await control.inputValue(), value ?? '', key);
      else assert.equal(await control.inputValue(), secret_set ? 'configured' : '', key);
      if (locked) assert.ok(await control.isDisabled(), `${key} is locked`);
    }
  }));

test('a wrong URL is refused at the field, and Discard brings the old one back', () =>
  signedIn(browser, async (page, context) => {
    const { settings } = await backend(context, 'settings');
    // The demo's file sets the URL of Grafana itself.
    const url = settings.find(({ key, locked }) => key === 'public_url' && !locked);
    await page.goto(appUrl('settings'));
    const field = page.locator('#rcl-setting-public_url');
    await field.fill('grafana.example.com');
    await page.getByText('1 unsaved change').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('A URL starts with http').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    assert.equal(await field.inputValue(), url.value ?? '');
  }));

test('tabs, deep links, back and forward all lead to the page that the URL names', () =>
  signedIn(browser, async (page) => {
    const heading = (name) => page.getByTestId('rollcall-root').getByRole('heading', { name });
    let wasm = 0;
    page.on('request', (request) => (wasm += request.url().includes('.wasm') ? 1 : 0));
    await page.goto(appUrl('settings'));
    await heading('Connection to Grafana').waitFor();
    assert.equal(await tab(page, 'Settings').getAttribute('aria-selected'), 'true');
    assert.equal(await page.title(), 'Settings - Grafana', 'each tab of the browser says which page it shows');
    await tab(page, 'Team mappings').click();
    await heading('Mapping mode').waitFor();
    assert.ok(page.url().split('?')[0].endsWith(`/a/${PLUGIN}/mappings`));
    await tab(page, 'Overview').click();
    await heading('Recent activity').waitFor();
    await page.goBack();
    await heading('Mapping mode').waitFor();
    await page.goBack();
    await heading('Connection to Grafana').waitFor();
    await page.goForward();
    await heading('Mapping mode').waitFor();
    assert.equal(wasm, 1, 'the WASM was fetched once for all of that');
    await page.goto(appUrl('no-such-page'));
    await page.getByText('There is no such page').waitFor();
  }));

test('leaving takes the page away, and coming back mounts it again without a second fetch', () =>
  signedIn(browser, async (page) => {
    let wasm = 0;
    page.on('request', (request) => (wasm += request.url().includes('.wasm') ? 1 : 0));
    await page.goto(appUrl());
    await page.getByRole('heading', { name: 'Recent activity' }).waitFor();
    await page.getByRole('link', { name: 'Home' }).first().click();
    await page.getByTestId('rollcall-root').waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('heading', { name: 'Recent activity' }).waitFor();
    assert.equal(wasm, 1);
  }));

test('light and dark follow Grafana, live', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl());
    await page.getByRole('heading', { name: 'Recent activity' }).waitFor();
    const colour = () => page.getByTestId('rollcall-root').evaluate((root) => getComputedStyle(root).color);
    const seen = {};
    for (const theme of ['dark', 'light']) {
      await setTheme(page, theme);
      for (const name of ['Overview', 'Team mappings', 'Settings']) {
        await tab(page, name).click();
        await page.getByTestId('rollcall-root').getByRole('heading').first().waitFor();
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      }
      seen[theme] = await colour();
    }
    assert.notEqual(seen.dark, seen.light);
  }));

test('a Viewer is told so, fetches no WASM, and is refused by the backend too', () =>
  signedIn(browser, async (_, admin) => {
    await withViewer(admin, (login) =>
      signedIn(
        browser,
        async (page, context) => {
          const fetched = [];
          page.on('request', (request) => fetched.push(request.url()));
          // A path that no `includes` entry guards: Grafana lets a Viewer through to the shim.
          await page.goto(appUrl('no-such-page'));
          await page.getByText('Access denied').waitFor();
          assert.deepEqual(fetched.filter((url) => url.includes('.wasm')), []);
          assert.equal((await context.request.get(adminApi('overview'))).status(), 403);
        },
        { login }
      )
    );
  }));

test('a WASM that cannot be fetched is explained, and "Try again" works', () =>
  signedIn(
    browser,
    async (page) => {
      const wasm = '**/rollcall_bg.wasm*';
      await page.route(wasm, (route) => route.abort());
      await page.goto(appUrl());
      await page.getByText('The page could not be started').waitFor();
      await page.unroute(wasm);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('heading', { name: 'Recent activity' }).waitFor();
    },
    { expected: /rollcall_bg\.wasm|Failed to load resource/ }
  ));
