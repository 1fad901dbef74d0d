// Every page's main job by keyboard alone: no click, no focus() (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminApi, appUrl, backend, groupRow, launch, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Tab by Tab, as a person would, until `target` has the focus; and one sees that it has. */
async function tabTo(page, target, { key = 'Tab', most = 80 } = {}) {
  await target.waitFor();
  const focused = () => target.evaluate((element) => element === document.activeElement);
  for (let pressed = 0; !(await focused()); pressed++) {
    assert.ok(pressed < most, `${target} is not reached within ${most} times ${key}`);
    await page.keyboard.press(key);
  }
  const seen = await target.evaluate((element) => {
    const ring = (at) => getComputedStyle(at).boxShadow !== 'none' || getComputedStyle(at).outlineStyle !== 'none';
    // A radio is drawn by its label.
    return ring(element) || (element.nextElementSibling !== null && ring(element.nextElementSibling));
  });
  assert.ok(seen, `${target} shows that it has the focus`);
}

test('overview: a check is asked for', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl());
    await tabTo(page, page.getByRole('button', { name: 'Check now' }));
    const asked = page.waitForResponse((answer) => answer.url() === adminApi('sync'));
    await page.keyboard.press('Enter');
    assert.equal((await asked).status(), 202);
  }));

test('users: searched, filtered, opened and closed again', () =>
  signedIn(browser, async (page, context) => {
    const [user] = (await backend(context, 'users?count=25&access=active')).users;
    await page.goto(appUrl('users'));
    await tabTo(page, page.getByRole('searchbox', { name: /Search people/ }));
    await page.keyboard.type(user.user_name);
    await tabTo(page, page.getByRole('radio', { name: 'All people' }));
    await page.keyboard.press('ArrowRight');
    await page.waitForURL((url) => url.searchParams.get('access') === 'active');
    const link = page.getByRole('link', { name: user.user_name, exact: true });
    await tabTo(page, link);
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await link.evaluate((element) => element === document.activeElement), 'back where it was');
  }));

test('mappings: a group is mapped to a new team, and the mapping removed', () =>
  signedIn(browser, async (page, context) => {
    const { groups } = await backend(context, 'groups');
    const group = groups[0].display_name;
    const team = `Keys ${crypto.randomUUID().slice(0, 8)}`;
    await page.goto(appUrl('mappings'));
    await tabTo(page, page.getByRole('button', { name: `Map ${group}`, exact: true }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await tabTo(page, dialog.getByRole('combobox', { name: /Team/ }));
    await page.keyboard.type(team);
    await dialog.getByRole('option', { name: `Make a new team “${team}”` }).waitFor();
    await page.keyboard.press('Enter');
    await tabTo(page, dialog.getByRole('button', { name: 'Save mapping' }));
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await groupRow(page, group).getByText(team).first().waitFor();

    await tabTo(page, page.getByRole('button', { name: `Remove the mapping of ${group} to ${team}` }));
    await page.keyboard.press('Enter');
    await tabTo(page, dialog.getByRole('button', { name: 'Remove mapping' }));
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await groupRow(page, group).getByText(team).waitFor({ state: 'detached' });
  }));

test('settings: typed, refused at the field, and taken back', () =>
  signedIn(browser, async (page, context) => {
    const { settings } = await backend(context, 'settings');
    const { value } = settings.find(({ key, locked }) => key === 'public_url' && !locked);
    await page.goto(appUrl('settings'));
    const field = page.locator('#rcl-setting-public_url');
    await tabTo(page, field);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('grafana.example.com');
    await page.getByText('1 unsaved change').waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Save' }));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('A URL starts with http').waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Discard' }));
    await page.keyboard.press('Enter');
    assert.equal(await field.inputValue(), value ?? '');
  }));

test('set-up: another provider is chosen, and the address copied', () =>
  signedIn(browser, async (page, context) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(appUrl('setup'));
    await tabTo(page, page.getByRole('radio', { name: 'Okta' }));
    await page.keyboard.press('ArrowRight');
    await page.getByText('Tenant URL', { exact: true }).waitFor();
    const { scim_url } = await backend(context, 'overview');
    await tabTo(page, page.getByRole('button', { name: 'Copy' }).first());
    await page.keyboard.press('Space');
    await page.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), scim_url);
  }));

test('activity: filtered, and a line opened', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl('activity'));
    await tabTo(page, page.getByTestId('activity').getByRole('link').first());
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'What happened' }).getByText('Correlation id').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await tabTo(page, page.getByRole('radio', { name: 'Done', exact: true }).or(page.getByRole('radio', { checked: true })).first(), { key: 'Shift+Tab' });
    await page.keyboard.press('ArrowRight');
    await page.waitForURL((url) => url.searchParams.has('outcome'));
  }));
