// The set-up page, in a real browser, against the real backend (see session.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, backend, launch, PLUGIN, signedIn } from './session.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('each identity provider gets its own words, the address is the real one', () =>
  signedIn(browser, async (page, context) => {
    const { scim_url } = await backend(context, 'overview');
    await page.goto(appUrl('setup'));
    const address = page.getByRole('textbox', { name: 'Address for the identity provider' });
    await address.waitFor();
    assert.equal(await address.inputValue(), scim_url);
    await page.getByText('SCIM connector base URL').waitFor();
    await page.getByRole('radio', { name: 'Microsoft Entra ID' }).check();
    await page.getByText('Tenant URL', { exact: true }).waitFor();
    await page.waitForURL((url) => url.searchParams.get('provider') === 'entra');
    await page.goto(`${appUrl('setup')}?provider=other`);
    await page.getByText('Bearer token: the token').waitFor();
  }));

test('a token made here is told once, works, and the page sees its first request arrive', () =>
  signedIn(browser, async (page, context) => {
    const name = `browser-${crypto.randomUUID().slice(0, 8)}`;
    const root = appUrl().split('/a/')[0];
    await page.goto(appUrl('setup'));
    await page.getByRole('textbox', { name: /Name of the service account/ }).fill(name);
    await page.getByRole('combobox', { name: /valid for/ }).selectOption('90 days');
    await page.getByRole('button', { name: 'Create service account and token' }).click();
    const token = await page.getByRole('textbox', { name: 'Token', exact: true }).inputValue();
    assert.match(token, /^glsa_/);
    const { serviceAccounts } = await (await context.request.get(`${root}/api/serviceaccounts/search?query=${name}`)).json();
    const [account] = serviceAccounts;
    try {
      assert.equal(account.role, 'Viewer');
      // Others may have called before: what counts is the token that was made here.
      await page.getByTestId('arrival').getByText('Waiting for the first request').waitFor();
      const answer = await fetch(`${root}/api/plugins/${PLUGIN}/resources/scim/v2/Users?count=1`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200);
      await page.getByTestId('arrival').getByText(`Received from ${account.login}`).waitFor();
      await page.reload();
      await page.getByRole('button', { name: 'Create service account and token' }).waitFor();
      assert.ok(!(await page.content()).includes(token), 'the token is nowhere any more');
    } finally {
      await context.request.delete(`${root}/api/serviceaccounts/${account.id}`);
    }
  }));

test('a service account that calls without being accepted waits for a yes', () =>
  signedIn(browser, async (page, context) => {
    const name = `waits-${crypto.randomUUID().slice(0, 8)}`;
    const root = appUrl().split('/a/')[0];
    const { id, login } = await (await context.request.post(`${root}/api/serviceaccounts`, { data: { name, role: 'Viewer' } })).json();
    try {
      const { key } = await (await context.request.post(`${root}/api/serviceaccounts/${id}/tokens`, { data: { name } })).json();
      const call = async () =>
        (await fetch(`${root}/api/plugins/${PLUGIN}/resources/scim/v2/Users?count=1`, { headers: { authorization: `Bearer ${key}` } })).status;
      assert.equal(await call(), 403);
      await page.goto(appUrl('setup'));
      const row = page.getByTestId('caller').filter({ hasText: login });
      await row.getByText('waits to be accepted').waitFor();
      await row.getByRole('button', { name: 'Accept' }).click();
      await row.getByText('may call').waitFor();
      assert.equal(await call(), 200);
      await row.getByRole('button', { name: 'Dismiss' }).click();
      await row.getByText('is turned away').waitFor();
      assert.equal(await call(), 403);
    } finally {
      await context.request.delete(`${root}/api/serviceaccounts/${id}`);
    }
  }));

test('a name that is taken is refused in words, at the field', () =>
  signedIn(
    browser,
    async (page, context) => {
      const root = appUrl().split('/a/')[0];
      const name = `taken-${crypto.randomUUID().slice(0, 8)}`;
      const { id } = await (await context.request.post(`${root}/api/serviceaccounts`, { data: { name, role: 'Viewer' } })).json();
      try {
        await page.goto(appUrl('setup'));
        await page.getByRole('textbox', { name: /Name of the service account/ }).fill(name);
        await page.getByRole('button', { name: 'Create service account and token' }).click();
        await page.getByTestId('token').getByRole('alert').getByText(/already exists/).waitFor();
      } finally {
        await context.request.delete(`${root}/api/serviceaccounts/${id}`);
      }
    },
    { expected: /Failed to load resource/ }
  ));
