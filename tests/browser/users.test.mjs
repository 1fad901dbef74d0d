// The users page, in a real browser, against the real backend (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { adminApi, appUrl, backend, launch, rootUrl, screenshot, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const cell = (page, name) => page.getByTestId('people').getByRole('cell', { name, exact: true });
/** A chip of the filter: its word, and behind it how many there are. */
const chip = (page, label) => page.getByRole('radio', { name: new RegExp(`^${label}( [\\d,]+)?$`) });
const ACCESS = { active: 'Active', closed: 'Closed', closed_may_return: 'May return', pending: 'Pending', needs_attention: 'Needs you' };
const posted = async (context, url) => {
  const answer = await context.request.post(url);
  assert.ok(answer.ok(), `${url}: ${answer.status()} ${await answer.text()}`);
};
/** Chips that are there only where there is anybody. */
const RARE = { waiting_for_sign_in: 'First sign-in', released: 'Not managed' };

test('everybody is there, and each filter of access shows exactly its own people', () =>
  signedIn(browser, async (page, context) => {
    const { users, total } = await backend(context, 'users?count=25');
    assert.ok(total > 0, 'the demo has people');
    await page.goto(appUrl('users'));
    for (const user of users) await cell(page, user.user_name).first().waitFor();
    let filtered = 0;
    for (const [access, label] of Object.entries(ACCESS)) {
      const of = await backend(context, `users?count=25&access=${access}`);
      filtered += of.total;
      assert.ok(of.users.every((user) => user.access === access), access);
      await chip(page, label).check();
      await page.waitForURL((url) => url.searchParams.get('access') === access);
      if (of.total === 0) await page.getByText('No person matches').waitFor();
      for (const user of of.users) await cell(page, user.user_name).first().waitFor();
      const others = users.filter((user) => user.access !== access);
      for (const user of others) await cell(page, user.user_name).first().waitFor({ state: 'detached' });
    }
    assert.equal(filtered, (await backend(context, 'users?count=1')).total, 'each person has one access');
  }));

test('the search finds a person by a part of the login, and says so when there is none', () =>
  signedIn(browser, async (page, context) => {
    const { users } = await backend(context, 'users?count=25');
    const wanted = users.at(-1).user_name;
    const others = users.filter((user) => !JSON.stringify(user).toLowerCase().includes(wanted.toLowerCase()));
    await page.goto(appUrl('users'));
    await page.getByTestId('people').waitFor();
    const search = page.getByRole('searchbox', { name: /Search people/ });
    await search.fill(wanted.toUpperCase());
    for (const other of others) await cell(page, other.user_name).first().waitFor({ state: 'detached' });
    await cell(page, wanted).first().waitFor();
    await search.fill('nobody has this name');
    await page.getByText('No person matches').waitFor();
  }));

test('each chip says how many it would show, among those the search finds', () =>
  signedIn(browser, async (page, context) => {
    await page.goto(appUrl('users'));
    const said = async (pairs) => {
      const counts = Object.fromEntries(pairs);
      for (const [access, label] of Object.entries({ '': 'All people', ...ACCESS })) {
        const count = access ? counts[access] : Object.values(counts).reduce((sum, of) => sum + of, 0);
        await page.getByRole('radio', { name: `${label} ${count}`, exact: true }).waitFor();
      }
    };
    await said((await backend(context, 'users?count=1')).counts);
    const { users } = await backend(context, 'users?count=25');
    const wanted = users[0].user_name;
    const { counts } = await backend(context, `users?count=1&query=${encodeURIComponent(wanted)}`);
    await page.getByRole('searchbox', { name: /Search people/ }).fill(wanted);
    await said(counts);
  }));

test('a person tells of each attribute how far it got, and why no further', () =>
  signedIn(browser, async (page, context) => {
    const STATES = { applied: 'in Grafana', pending: 'on its way', deferred: 'at the next sign-in', failed: 'not applied', stored: 'stored only' };
    const { users } = await backend(context, 'users?count=25');
    const { id } = users.find((user) => user.access === 'active') ?? users[0];
    const [user] = (await backend(context, `users?id=${id}`)).users;
    assert.ok(user.attributes.length >= 2, 'login and e-mail at least');
    await page.goto(`${appUrl('users')}?user=${id}`);
    const facts = page.getByRole('dialog').locator('.rcl-facts');
    for (const { name, value, state, reason } of user.attributes) {
      const fact = facts.locator('dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=following-sibling::dd[1]');
      await fact.getByText(value).first().waitFor();
      await fact.getByText(STATES[state], { exact: true }).waitFor();
      if (reason) await fact.getByText(reason).waitFor();
    }
    // One that a single sign-on provider owns, as the backend tells it.
    await page.route('**/admin/users?count=1&id=*', async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      body.users[0].attributes = [{ name: 'Email', value: 'new@example.com', state: 'deferred', reason: 'The provider owns it.' }];
      await route.fulfill({ response: answer, json: body });
    });
    await facts.getByText('at the next sign-in', { exact: true }).waitFor();
    await facts.getByText('The provider owns it.').waitFor();
  }));

test('the next page begins where this one ends, and nobody is on two', () =>
  signedIn(browser, async (page) => {
    // More people than the demo has: the backend's own answers, two to a page.
    await page.route('**/admin/users?count=25*', (route) => route.continue({ url: route.request().url().replace('count=25', 'count=2') }));
    await page.goto(appUrl('users'));
    await page.getByTestId('people').waitFor();
    const logins = () => page.getByTestId('people').locator('tbody tr td:first-child').allTextContents();
    const first = await logins();
    assert.equal(first.length, 2);
    assert.ok(await page.getByRole('button', { name: 'Previous' }).isDisabled());
    await page.getByRole('button', { name: 'Next' }).click();
    await cell(page, first[0]).first().waitFor({ state: 'detached' });
    const second = await logins();
    assert.deepEqual(first.filter((login) => second.includes(login)), []);
    await page.getByRole('button', { name: 'Previous' }).click();
    await cell(page, first[0]).first().waitFor();
    assert.deepEqual(await logins(), first);
  }));

test('a person opens by keyboard, tells ids, groups and history, and Esc goes back to the row', () =>
  signedIn(browser, async (page, context) => {
    const { users } = await backend(context, 'users?count=25');
    const user = users.find((user) => user.grafana_id && user.groups.length > 0) ?? users[0];
    await page.goto(appUrl('users'));
    const link = page.getByRole('link', { name: user.user_name, exact: true });
    await link.focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: user.user_name });
    await drawer.getByTestId('activity').getByRole('listitem').first().waitFor();
    assert.equal(await drawer.getByRole('textbox', { name: 'SCIM id' }).inputValue(), user.id);
    await drawer.getByText(`Grafana id ${user.grafana_id}`).waitFor();
    await drawer.getByText(user.groups.join(', ')).waitFor();
    assert.match(await drawer.getByRole('link', { name: 'Open in Grafana' }).getAttribute('href'), new RegExp(`/admin/users/edit/${user.grafana_id}$`));
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    assert.ok(await link.evaluate((element) => element === document.activeElement));
    assert.equal(new URL(page.url()).searchParams.get('user'), null);
  }));

test('a link to a person opens them, "back" closes them, and an unknown one is said to be gone', () =>
  signedIn(browser, async (page, context) => {
    const [user] = (await backend(context, 'users?count=1')).users;
    await page.goto(`${appUrl('users')}?access=${user.access}`);
    await page.getByRole('link', { name: user.user_name, exact: true }).click();
    await page.getByRole('dialog', { name: user.user_name }).waitFor();
    const link = page.url();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await chip(page, ACCESS[user.access]).isChecked(), 'the filter is still there');
    await page.goto(link);
    await page.getByRole('dialog', { name: user.user_name }).waitFor();
    await page.goto(`${appUrl('users')}?user=no-such-id`);
    await page.getByRole('dialog').getByText('Nobody here has this id').waitFor();
  }));

test('a drawer is closed by a click beside it, and by none inside', () =>
  signedIn(browser, async (page, context) => {
    const [user] = (await backend(context, 'users?count=1')).users;
    await page.goto(`${appUrl('users')}?user=${user.id}`);
    const drawer = page.getByRole('dialog', { name: user.user_name, exact: true });
    await drawer.waitFor();
    const area = await drawer.boundingBox();
    // The lowest part of the drawer is its own padding: the event's target is the dialog there too.
    await page.mouse.click(area.x + area.width / 2, area.y + area.height - 2);
    assert.ok(await drawer.isVisible(), 'closed by a click inside');
    await page.mouse.click(area.x - 20, area.y + area.height / 2);
    await drawer.waitFor({ state: 'detached' });
  }));

test('a person is kept closed, and given back to the provider', () =>
  signedIn(browser, async (page, context) => {
    const { users } = await backend(context, 'users?count=25&access=active');
    const user = users.find((user) => user.may_keep_closed);
    const now = async () => (await backend(context, `users?id=${user.id}`)).users[0];
    const decide = async (drawer, action) => {
      await drawer.getByRole('button', { name: action, exact: true }).click();
      const question = page.getByRole('dialog', { name: `${action}: ${user.user_name}?` });
      await question.getByRole('button', { name: action, exact: true }).click();
      await question.waitFor({ state: 'detached' });
    };
    try {
      await page.goto(`${appUrl('users')}?user=${user.id}`);
      const drawer = page.getByRole('dialog', { name: user.user_name, exact: true });
      await decide(drawer, 'Keep closed');
      await drawer.getByText('An admin keeps this account closed').waitFor();
      await decide(drawer, 'Let the provider decide');
      await drawer.getByRole('button', { name: 'Keep closed', exact: true }).waitFor();
    } finally {
      if ((await now()).may_follow) await context.request.post(adminApi(`users/${user.id}/follow`));
    }
  }));

test('several people who need an answer are ticked and answered at once', () =>
  signedIn(browser, async (page, context) => {
    const { users } = await backend(context, 'users?count=25&access=active');
    const disabled = users.filter((user) => user.may_release).slice(0, 2);
    const asked = async () => {
      const found = (await backend(context, 'users?count=25&access=needs_attention')).users;
      return found.filter((user) => user.claim === 'open_again');
    };
    // Disabled by hand in Grafana: nobody is opened again before an admin says so.
    for (const user of disabled) await posted(context, `${rootUrl()}/api/admin/users/${user.grafana_id}/disable`);
    const deadline = Date.now() + 30_000;
    while ((await asked()).length < disabled.length) {
      assert.ok(Date.now() < deadline, 'the comparison has seen them');
      await posted(context, adminApi('sync'));
      await setTimeout(500);
    }
    await page.goto(`${appUrl('users')}?access=needs_attention`);
    const tick = (user) => page.getByRole('checkbox', { name: `Select ${user.user_name}`, exact: true });
    for (const user of disabled) await tick(user).check();
    const answers = page.getByTestId('answers');
    await answers.getByRole('button', { name: `Open again (${disabled.length})`, exact: true }).click();
    const question = page.getByRole('dialog', { name: `Open again: ${disabled.length} people?` });
    for (const user of disabled) await question.getByText(user.user_name).first().waitFor();
    await screenshot(page, 'answers-dark');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    assert.equal((await asked()).length, disabled.length, 'Esc answers nothing');
    await answers.getByRole('button', { name: `Open again (${disabled.length})`, exact: true }).click();
    await question.getByRole('button', { name: 'Open again', exact: true }).click();
    for (const user of disabled) await tick(user).waitFor({ state: 'detached' });
    await answers.getByRole('button').first().waitFor({ state: 'detached' });
    assert.deepEqual(await asked(), []);
  }));

test('a refresh does not take the focus away nor draw what is the same again', () =>
  signedIn(browser, async (page) => {
    await page.goto(appUrl('users'));
    const search = page.getByRole('searchbox', { name: /Search people/ });
    await search.focus();
    const row = await page.getByTestId('people').locator('tbody tr').first().elementHandle();
    for (let round = 0; round < 2; round++) await page.waitForResponse((answer) => answer.url().includes('/admin/users'));
    assert.ok(await row.evaluate((element) => element.isConnected), 'an unchanged row is still the same element');
    assert.ok(await search.evaluate((element) => element === document.activeElement));
  }));

test('an account is released and taken back by keyboard, each after its consequence was named', () =>
  signedIn(browser, async (page, context) => {
    const { users } = await backend(context, 'users?count=25&access=active');
    const user = users.find((user) => user.may_release && user.groups.length === 0) ?? users.find((user) => user.may_release);
    const now = async () => (await backend(context, `users?id=${user.id}`)).users[0];
    try {
      await page.goto(`${appUrl('users')}?user=${user.id}`);
      const drawer = page.getByRole('dialog', { name: user.user_name, exact: true });
      const press = async (scope, name) => {
        await scope.getByRole('button', { name, exact: true }).focus();
        await page.keyboard.press('Enter');
      };
      const question = (action) => page.getByRole('dialog', { name: `${action}: ${user.user_name}?` });

      await press(drawer, 'Stop managing');
      await question('Stop managing').getByText('the account is not closed').waitFor();
      await screenshot(page, 'release-dark');
      // Esc answers the question only; the drawer stays.
      await page.keyboard.press('Escape');
      await question('Stop managing').waitFor({ state: 'detached' });
      assert.equal((await now()).access, 'active');
      await press(drawer, 'Stop managing');
      await press(question('Stop managing'), 'Stop managing');
      await question('Stop managing').waitFor({ state: 'detached' });
      await drawer.getByText('not managed', { exact: true }).first().waitFor();
      assert.equal((await now()).access, 'released');
      await chip(page, RARE.released).waitFor({ state: 'attached' });

      await press(drawer, 'Manage this account');
      await question('Manage this account').getByText('follows your identity provider').waitFor();
      await press(question('Manage this account'), 'Manage this account');
      await question('Manage this account').waitFor({ state: 'detached' });
      await drawer.getByRole('button', { name: 'Stop managing', exact: true }).waitFor();
      assert.notEqual((await now()).access, 'released');
      await chip(page, RARE.released).waitFor({ state: 'detached' });
    } finally {
      if ((await now()).access === 'released') await context.request.post(adminApi(`users/${user.id}/claim`));
    }
  }));
