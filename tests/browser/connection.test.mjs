// The connection test of the set-up page, in a real browser, against the real backend (see session.mjs).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, screenshot, setTheme, signedIn } from './session.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const result = (page) => page.getByTestId('connection');

test('the requests of the provider are played, each with its answer, and the wrong setting is named', () =>
  signedIn(browser, async (page, context) => {
    const before = await backend(context, 'overview');
    await page.goto(`${appUrl('setup')}?provider=entra`);
    await page.getByRole('button', { name: 'Play the requests of Entra ID' }).focus();
    await page.keyboard.press('Enter');
    await result(page).getByText('Disable a user (“False” as text)').waitFor();
    await result(page).getByText(/^PATCH \/Users\/.* → 200$/).first().waitFor();
    assert.equal(await result(page).getAttribute('aria-live'), 'polite');
    // The tests' Grafana listens on this machine only: what a cloud does not reach.
    await result(page).getByText(/^Fix this first: Set root_url/).waitFor();
    await result(page).getByText('root_url = https://grafana.example.com/').waitFor();
    for (const theme of ['dark', 'light']) {
      await setTheme(page, theme);
      if ((await result(page).getByRole('listitem').count()) === 0) {
        await page.getByRole('button', { name: /^Play the requests/ }).click();
        await result(page).getByRole('listitem').first().waitFor();
      }
      await screenshot(page, `connection-${theme}`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run('[data-testid=rollcall-root]'));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`), [], theme);
    }
    const { counts } = await backend(context, 'overview');
    assert.equal(counts.users, before.counts.users, 'nobody was made');
  }));

test('what a provider sent is looked at on a copy, and what it was answered is explained', () =>
  signedIn(browser, async (page, context) => {
    const [person] = (await backend(context, 'users?access=active&count=1')).users;
    await page.goto(appUrl('setup'));
    const look = page.getByRole('button', { name: 'Look at it' });
    assert.ok(await look.isDisabled(), 'nothing is pasted yet');
    const field = page.getByRole('textbox', { name: /Or paste what is in its log/ });
    await field.fill(`PATCH /Users/${person.id}\n{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`);
    await look.click();
    await result(page).getByText('What it changes').waitFor();
    await result(page).getByText('active.', { exact: true }).waitFor();
    const [still] = (await backend(context, `users?id=${person.id}`)).users;
    assert.equal(still.access, person.access, 'the person is as before');
    await field.fill('{"message":"Expired API key"}');
    await look.click();
    await result(page).getByText('Fix this first: Make a new token.').waitFor();
  }));

test('the sign-in check is a step of its own', () =>
  signedIn(browser, async (page, context) => {
    const { sign_in } = await backend(context, 'overview');
    await page.goto(appUrl('setup'));
    await page.getByRole('heading', { name: 'Check how people sign in' }).waitFor();
    for (const { what } of sign_in) await page.getByText(what).first().waitFor();
  }));
