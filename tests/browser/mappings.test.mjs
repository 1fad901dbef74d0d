// Team mappings: what a change would do before it is made, changing and pausing, and a group with its members (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { adminApi, appUrl, backend, launch, screenshot, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const row = (page, name) => page.getByTestId('groups').getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });

async function send(context, method, route, data) {
  const answer = await context.request.fetch(adminApi(route), { method, data });
  assert.ok(answer.ok(), `${method} ${route}: ${answer.status()} ${await answer.text()}`);
  return answer.status() === 204 ? null : answer.json();
}

/** Every line of the backend's own preview is in the dialog. */
async function saysAll(dialog, preview) {
  const said = dialog.getByTestId('preview');
  await said.getByText(preview.summary).waitFor();
  for (const team of preview.teams) {
    await said.getByText(team.team_name, { exact: true }).first().waitFor();
    for (const line of team.lines) await said.getByText(line, { exact: true }).first().waitFor();
  }
}

/** A mapping of a group with people in it to a team of its own, for the time of `job`. */
async function withMapping(context, job) {
  const { groups } = await backend(context, 'groups');
  const group = groups.find((group) => group.members > 0);
  assert.ok(group, 'the demo has a group with members');
  const team = `Browser ${crypto.randomUUID().slice(0, 8)}`;
  const { id } = await send(context, 'POST', 'mappings', { group_id: group.id, new_team: team });
  try {
    // Until the engine has made the team and put everybody in.
    const deadline = Date.now() + 15_000;
    for (;;) {
      const made = (await backend(context, 'groups')).groups.flatMap((group) => group.mappings).find((mapping) => mapping.id === id);
      const { summary } = await send(context, 'POST', 'mappings/preview', { remove: id });
      if (made.team_id && /leave/.test(summary) && !/nobody leaves/i.test(summary)) break;
      assert.ok(Date.now() < deadline, `the team is made and filled: ${summary}`);
    }
    await job({ id, group, team });
  } finally {
    await context.request.delete(adminApi(`mappings/${id}`));
  }
}

test('who would join is said by name before a mapping can be saved', () =>
  signedIn(browser, async (page, context) => {
    const { groups } = await backend(context, 'groups');
    const group = groups.find((group) => group.members > 0);
    const team = `Browser ${crypto.randomUUID().slice(0, 8)}`;
    const preview = await send(context, 'POST', 'mappings/preview', { add: { group_id: group.id, new_team: team } });
    const [person] = (await backend(context, `users?group=${group.id}&count=1`)).users;
    assert.ok(JSON.stringify(preview).includes(person.user_name), 'the first of the group is named');
    await page.goto(appUrl('mappings'));
    await page.getByRole('button', { name: `Map ${group.display_name}`, exact: true }).click();
    const dialog = page.getByRole('dialog');
    // An answer that is held back keeps the button shut.
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route('**/admin/mappings/preview', async (route) => {
      await held;
      await route.continue();
    });
    await dialog.getByRole('combobox', { name: /Team/ }).fill(team);
    await dialog.getByRole('option', { name: `Make a new team “${team}”` }).waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByText('Looking who would join').waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Save mapping' }).isDisabled());
    answer();
    await saysAll(dialog, preview);
    assert.ok(await dialog.getByRole('button', { name: 'Save mapping' }).isEnabled());
    await screenshot(page, 'map-dialog-dark');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const { groups: now } = await backend(context, 'groups');
    assert.ok(!JSON.stringify(now).includes(team), 'nothing was made');
  }));

test('a mapping is changed, paused and resumed, each after its consequence was named, by keyboard', () =>
  signedIn(browser, async (page, context) => {
    await withMapping(context, async ({ id, group, team }) => {
      const mapping = async () =>
        (await backend(context, 'groups')).groups.flatMap((group) => group.mappings).find((mapping) => mapping.id === id);
      const of = `the mapping of ${group.display_name} to ${team}`;
      await page.goto(appUrl('mappings'));
      const press = async (name) => {
        await page.getByRole('button', { name, exact: true }).focus();
        await page.keyboard.press('Enter');
        return page.getByRole('dialog');
      };

      let dialog = await press(`Change ${of}`);
      await dialog.getByRole('radio', { name: 'Admins of the team' }).check();
      const edit = { kind: 'admin', policy: 'keep', paused: false };
      await saysAll(dialog, await send(context, 'POST', 'mappings/preview', { edit: [id, edit] }));
      await dialog.getByText(/become(s)? admin/).waitFor();
      await dialog.getByRole('button', { name: 'Save mapping' }).click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal((await mapping()).kind, 'admin');
      await row(page, group.display_name).locator('.rcl-line', { hasText: team }).getByText('admins', { exact: true }).waitFor();

      const turn = async () => {
        await page.getByRole('switch', { name: `Follow ${of}`, exact: true }).focus();
        await page.keyboard.press('Space');
        return page.getByRole('dialog');
      };
      dialog = await turn();
      await dialog.getByText('nobody leaves the team at all').waitFor();
      await saysAll(dialog, await send(context, 'POST', 'mappings/preview', { edit: [id, { ...edit, paused: true }] }));
      await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal((await mapping()).paused, true);
      await row(page, group.display_name).locator('.rcl-line', { hasText: team }).getByText('paused', { exact: true }).waitFor();

      await page.getByRole('switch', { name: `Follow ${of}`, exact: true, checked: false }).waitFor();
      dialog = await turn();
      await dialog.getByRole('button', { name: 'Resume', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal((await mapping()).paused, false);

      dialog = await press(`Remove ${of}`);
      const removal = await send(context, 'POST', 'mappings/preview', { remove: id });
      assert.ok(removal.leaves > 0, 'somebody would leave');
      await saysAll(dialog, removal);
      await screenshot(page, 'remove-mapping-dark');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      assert.ok(await mapping(), 'it is still there');
    });
  }));

test('a switch of the mode names each team before it is made', () =>
  signedIn(browser, async (page, context) => {
    const { mapping_mode } = await backend(context, 'groups');
    const [other, title] = mapping_mode === 'strict' ? ['create', /^Create/] : ['strict', /^Strict/];
    await page.goto(appUrl('mappings'));
    await page.getByRole('radio', { name: title }).check();
    const dialog = page.getByRole('dialog');
    await saysAll(dialog, await send(context, 'POST', 'mappings/preview', { mode: other }));
    await screenshot(page, 'mode-dark');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await backend(context, 'groups')).mapping_mode, mapping_mode);
  }));

test('a group has a link of its own, shows its members with their access, and "back" closes it', () =>
  signedIn(browser, async (page, context) => {
    const { groups } = await backend(context, 'groups');
    const group = groups.find((group) => group.members > 0);
    const { users } = await backend(context, `users?group=${group.id}&count=25`);
    await page.goto(appUrl('mappings'));
    const link = page.getByTestId('groups').getByRole('link', { name: group.display_name, exact: true });
    await link.focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: group.display_name });
    for (const user of users) await drawer.getByTestId('members').getByRole('link', { name: user.user_name, exact: true }).waitFor();
    assert.equal(await drawer.getByTestId('members').locator('tbody tr').count(), users.length);
    assert.equal(await drawer.getByRole('textbox', { name: 'SCIM id' }).inputValue(), group.id);
    await screenshot(page, 'group-dark');
    const deep = page.url();
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    assert.ok(await link.evaluate((element) => element === document.activeElement));
    await page.goto(deep);
    await drawer.waitFor();
    await drawer.getByTestId('members').getByRole('link', { name: users[0].user_name, exact: true }).click();
    await page.getByRole('dialog', { name: users[0].user_name }).waitFor();
    await page.goBack();
    await drawer.waitFor();
    await page.goto(`${appUrl('mappings')}?group=no-such-id`);
    await page.getByRole('dialog').getByText('There is no such group').waitFor();
  }));
