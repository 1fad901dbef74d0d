// What the eye would notice: computed styles of our parts beside Grafana's own components, in this line of Grafana (see gallery.tsx).
//
// Ours are not drawn again here: they are taken from the pages as the WASM made them, and put into the gallery with the properties
// that the shim set. What is compared is in PARTS, each row with how many properties, and every one of them must be equal.
// Grafana 10.4 is left out: its table cells, badges and dialogs are older than what we follow (docs: CONTRIBUTING.md).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { appUrl, backend, groupRow, launch, rootUrl, screenshot, signedIn } from './session.mjs';

const SIDES = ['top', 'right', 'bottom', 'left'];
const TEXT = ['color', 'font-family', 'font-size', 'font-weight', 'line-height', 'letter-spacing', 'text-transform', 'text-decoration-line'];
const PADDING = SIDES.map((side) => `padding-${side}`);
const MARGIN = SIDES.map((side) => `margin-${side}`);
const BORDER = SIDES.map((side) => `border-${side}`);
const RADIUS = ['top-left', 'top-right', 'bottom-right', 'bottom-left'].map((corner) => `border-${corner}-radius`);
const SURFACE = ['background-color', 'background-image', ...BORDER, ...RADIUS, 'box-shadow', 'opacity'];
// `@…` is of the box that is drawn, whatever box-sizing says.
const SIZE = ['@width', '@height'];
const ICON = ['color', ...SIZE];

const button = (part, state = '') => ({ part, state, theirs: 'button', ours: '.rcl-btn', compare: [...TEXT, ...SURFACE, ...PADDING, ...SIZE, 'cursor'] });
const input = (part, state = '') => ({ part, state, theirs: 'input', ours: '.rcl-input', compare: [...TEXT, ...SURFACE, ...PADDING, ...SIZE] });
const badge = (part) => ({ part, theirs: ':scope > div', ours: '.rcl-badge', compare: [...TEXT, ...SURFACE, ...PADDING, ...SIZE] });
const alert = (part) => [
  { part, theirs: '[data-testid*="Alert"]', ours: '.rcl-alert', compare: [...SURFACE, ...SIZE] },
  { part, name: 'title', theirs: '[data-testid*="Alert"] > :nth-child(2) span', ours: '.rcl-alert__title', compare: [...TEXT, '@left', '@top'] },
  { part, name: 'content', theirs: '[data-testid*="Alert"] > :nth-child(2) div:not(:has(*)):not(:empty)', ours: '.rcl-alert__content', compare: [...TEXT, ...SIZE, '@top'] },
  { part, name: 'icon', theirs: 'svg', ours: 'svg', compare: [...ICON, '@left', '@top'] },
];
const KNOB = ['background-color', 'width', 'height', 'box-shadow', 'transform', ...RADIUS];
const knob = (part) => [
  { part, theirs: 'label', ours: '.rcl-switch', compare: [...SURFACE, ...SIZE, 'cursor'] },
  { part, name: 'knob', theirs: 'svg', ours: '.rcl-switch', pseudo: { ours: '::before' }, compare: KNOB },
];
// Grafana puts these two somewhere else in its page.
const MODAL = '[data-overlay-container] [role=dialog], #grafana-portal-container [role=dialog]';
const DRAWER = '.rc-drawer-content-wrapper';

const PARTS = [
  ...['primary', 'secondary', 'destructive'].flatMap((look) => [
    button(`button-${look}`),
    button(`button-${look}-sm`),
    button(`button-${look}`, 'hover'),
    button(`button-${look}`, 'focus-visible'),
  ]),
  button('button-disabled'),
  input('input'),
  input('input', 'hover'),
  input('input', 'focus-visible'),
  input('input-invalid'),
  input('input-disabled'),
  // Grafana's arrow is an element, ours the image behind.
  { part: 'select', theirs: '[class*="input-wrapper"]', ours: '.rcl-select', compare: [...SURFACE.filter((property) => property !== 'background-image'), ...SIZE] },
  { part: 'select', name: 'value', theirs: '[class*="singleValue"]', ours: '.rcl-select', compare: TEXT },
  { part: 'error', theirs: '[role=alert]', ours: '.rcl-field__error', compare: [...TEXT, ...SURFACE, ...PADDING, ...MARGIN, ...SIZE] },
  { part: 'error', name: 'arrow', theirs: '[role=alert]', ours: '.rcl-field__error', pseudo: { theirs: '::before', ours: '::before' }, compare: [...BORDER, 'left', 'top'] },
  { part: 'error', name: 'icon', theirs: 'svg', ours: 'svg', compare: ICON },
  { part: 'table', theirs: 'table', ours: 'table', compare: [...SURFACE, ...SIZE, 'border-collapse'] },
  { part: 'table', name: 'th', theirs: 'th', ours: 'th', compare: [...TEXT, ...SURFACE, ...PADDING, ...SIZE, 'text-align'] },
  { part: 'table', name: 'row', theirs: 'tbody tr', ours: 'tbody tr', compare: [...SURFACE, '@height'] },
  { part: 'table', name: 'row', state: 'hover', theirs: 'tbody tr', ours: 'tbody tr', compare: ['background-color'] },
  { part: 'table', name: 'last row', theirs: 'tbody tr:last-child', ours: 'tbody tr:last-child', compare: [...SURFACE, '@height'] },
  { part: 'table', name: 'td', theirs: 'td', ours: 'td', compare: [...TEXT, ...SURFACE, ...PADDING, ...SIZE, 'text-align'] },
  ...['green', 'blue', 'orange', 'red'].map((colour) => badge(`badge-${colour}`)),
  ...['info', 'success', 'error'].flatMap((severity) => alert(`alert-${severity}`)),
  { part: 'tabs', name: 'active', theirs: '[role=tab][aria-selected=true]', ours: '[role=tab][aria-selected=true]', compare: [...TEXT, ...SURFACE, ...PADDING, '@height'] },
  { part: 'tabs', name: 'other', theirs: '[role=tab]:not([aria-selected=true])', ours: '[role=tab]:not([aria-selected=true])', compare: [...TEXT, ...SURFACE, ...PADDING, '@height'] },
  { part: 'modal', theirs: MODAL, ours: 'dialog', page: true, compare: [...SURFACE, ...TEXT, '@left', '@top', '@width'] },
  { part: 'modal', name: 'title', theirs: `:is(${MODAL}) h2`, ours: '.rcl-modal__title', page: true, compare: [...TEXT, '@left', '@top', '@height'] },
  { part: 'modal', name: 'text', theirs: '[data-part=modal-body]', ours: '.rcl-modal__content p', page: true, compare: [...TEXT, '@left', '@top'] },
  { part: 'modal', name: 'buttons', theirs: '[data-part=modal-body] > div', ours: '.rcl-modal__buttons', page: true, compare: ['padding-top', '@height'] },
  { part: 'modal', name: 'mask', theirs: '[data-overlay-container] > [role=presentation], #grafana-portal-container [role=presentation]', ours: 'dialog', page: true, pseudo: { ours: '::backdrop' }, compare: ['background-color', 'backdrop-filter'] },
  { part: 'drawer', theirs: DRAWER, ours: 'dialog', page: true, compare: ['box-shadow', ...BORDER, ...RADIUS, '@left', '@top', ...SIZE] },
  { part: 'drawer', name: 'header', theirs: `${DRAWER} [class*="drawer-header"]`, ours: '.rcl-modal__header', page: true, compare: [...PADDING, ...BORDER, ...SIZE] },
  { part: 'drawer', name: 'title', theirs: `${DRAWER} h3`, ours: '.rcl-modal__title', page: true, compare: [...TEXT, '@left', '@top', '@height'] },
  { part: 'drawer', name: 'text', theirs: '[data-part=drawer-body]', ours: '.rcl-modal__content p', page: true, compare: [...TEXT, '@background', '@left', '@top'] },
  { part: 'drawer', name: 'mask', theirs: '.rc-drawer-mask', ours: 'dialog', page: true, pseudo: { theirs: '::before', ours: '::backdrop' }, compare: ['background-color', 'backdrop-filter'] },
  ...knob('switch'),
  ...knob('switch-on'),
];
const PROPERTIES = PARTS.reduce((sum, { compare }) => sum + compare.length, 0);

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Our parts as they are on the pages: the markup of each, by the name of Grafana's. */
async function harvest(page, context) {
  const html = (locator) => locator.first().evaluate((element) => element.outerHTML);
  const ours = {};
  const variant = (markup, from, to) => {
    assert.ok(markup.includes(from), `${from} in ${markup}`);
    return markup.replace(from, to);
  };

  await page.goto(appUrl('settings'));
  ours.select = await html(page.locator('select.rcl-select, select.rcl-input'));
  ours.input = await html(page.locator('#rcl-setting-break_glass'));
  await page.locator('#rcl-setting-public_url').fill('grafana.example.com');
  ours['button-primary'] = await html(page.getByRole('button', { name: 'Save' }));
  ours['button-secondary'] = await html(page.getByRole('button', { name: 'Discard' }));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.rcl-field__error').waitFor();
  ours.error = await html(page.locator('.rcl-field__error'));
  ours['input-invalid'] = await html(page.locator('#rcl-setting-public_url'));
  ours['input-disabled'] = variant(ours.input, '<input ', '<input disabled ');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  const result = page.getByTestId('test-result');
  await result.locator('.rcl-alert--success').waitFor();
  ours['alert-success'] = await html(result.locator('.rcl-alert--success'));
  for (const severity of ['info', 'error']) ours[`alert-${severity}`] = variant(ours['alert-success'], 'rcl-alert--success', `rcl-alert--${severity}`);

  await page.goto(appUrl('mappings'));
  const { groups } = await backend(context, 'groups');
  const mapped = groups.find((group) => group.mappings.length > 0);
  ours['switch-on'] = await html(groupRow(page, mapped.display_name).getByRole('switch', { checked: true }));
  ours.switch = variant(ours['switch-on'], ' checked=""', '');
  await groupRow(page, mapped.display_name).getByRole('button', { name: /^Remove/ }).first().click();
  // A question is narrower than a form, as Grafana's ConfirmModal is than its Modal.
  const dialog = page.getByRole('dialog');
  assert.equal((await dialog.boundingBox()).width, 500);
  ours['button-destructive'] = await html(dialog.locator('.rcl-btn--destructive'));
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: `Map ${mapped.display_name}`, exact: true }).click();
  ours.modal = await html(dialog);

  await page.goto(appUrl('users'));
  const people = page.getByTestId('people');
  await people.locator('.rcl-badge--good').first().waitFor();
  ours['badge-green'] = await html(people.locator('.rcl-badge--good'));
  for (const [colour, tone] of [['blue', 'info'], ['orange', 'warning'], ['red', 'bad']]) ours[`badge-${colour}`] = variant(ours['badge-green'], 'rcl-badge--good', `rcl-badge--${tone}`);
  ours.table = await html(page.locator('table:has(tbody):not([aria-busy])'));
  await people.getByRole('link').first().click();
  await page.getByRole('dialog').locator('.rcl-facts').waitFor();
  ours.drawer = await html(page.getByRole('dialog'));

  for (const look of ['primary', 'secondary', 'destructive']) ours[`button-${look}-sm`] = variant(ours[`button-${look}`], 'class="rcl-btn ', 'class="rcl-btn rcl-btn--sm ');
  ours['button-disabled'] = variant(ours['button-secondary'], '<button ', '<button disabled ');
  ours.tabs = '';
  return ours;
}

/** The properties which the shim sets for each theme, and the stylesheet that the page brings. */
async function lookOf(page, themes) {
  const root = page.getByTestId('rollcall-root');
  const variables = {};
  await page.goto(appUrl('users'));
  const style = page.getByTestId('rollcall-style');
  await style.waitFor({ state: 'attached' });
  for (const theme of themes) {
    await page.evaluate((id) => window.__setTheme(id), theme);
    await page.waitForFunction((before) => document.querySelector('[data-testid=rollcall-root]').style.cssText !== before, Object.values(variables).at(-1)?.css ?? '');
    variables[theme] = await root.evaluate((element) => ({
      css: element.style.cssText,
      data: { theme: element.dataset.theme, look: element.dataset.look },
      // Grafana's own, which the shim asks for.
      tabs: document.querySelector('[role=tablist]').outerHTML,
    }));
    assert.match(variables[theme].css, /--gf-colors-primary-main/);
  }
  return { variables, style: await style.textContent() };
}

/** The same words in ours as in Grafana's, and only what the gallery has. */
function place({ ours, style }) {
  document.head.insertAdjacentHTML('beforeend', '<style>*, *::before, *::after { transition: none !important; animation: none !important; }</style>');
  document.head.appendChild(Object.assign(document.createElement('style'), { textContent: style }));
  for (const [name, markup] of Object.entries(ours)) {
    const frame = Object.assign(document.createElement('div'), { className: 'rollcall-root', innerHTML: markup });
    frame.dataset.ours = name;
    document.body.appendChild(frame);
    const say = (selector, text) => {
      const element = frame.querySelector(selector);
      const words = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()).at(-1);
      if (words) words.data = text;
      else element.textContent = text;
    };
    if (name.startsWith('button')) say('.rcl-btn', 'Save');
    if (name.startsWith('badge')) say('.rcl-badge', 'Active');
    if (name === 'error') say('.rcl-field__error', 'Choose a team');
    if (name.startsWith('alert')) {
      say('.rcl-alert__title', 'Title');
      // The part is there where an alert has more to say than its title; the one at hand need not.
      const content = frame.querySelector('.rcl-alert__content') ?? frame.querySelector('.rcl-alert__body').appendChild(document.createElement('div'));
      content.className = 'rcl-alert__content';
      content.textContent = 'Text';
    }
    if (name === 'table') {
      const row = (tag, words) => `<tr>${words.map((word) => `<${tag}>${word}</${tag}>`).join('')}</tr>`;
      frame.querySelector('thead').innerHTML = row('th', ['Name', 'State']);
      frame.querySelector('tbody').innerHTML = row('td', ['Ada', 'active']) + row('td', ['Bob', 'closed']);
    }
    const dialog = frame.querySelector('dialog');
    if (dialog) {
      say('.rcl-modal__title', 'Title');
      const buttons = dialog.querySelector('.rcl-modal__buttons');
      buttons?.querySelectorAll('button').forEach((each, at) => (at ? each.remove() : (each.textContent = 'Cancel')));
      dialog.querySelector('.rcl-modal__content').replaceChildren(Object.assign(document.createElement('p'), { textContent: 'Text' }), ...(buttons ? [buttons] : []));
      dialog.removeAttribute('open');
      dialog.showModal();
    }
  }
}

/** Everything in `parts` that is not the same, and how much was looked at. Runs in the page. */
function differences(parts) {
  const shown = (element, pseudo, property, frame) => {
    if (property[0] !== '@') {
      const value = getComputedStyle(element, pseudo).getPropertyValue(property);
      // No border is no border, whatever colour it would have.
      return /^border-\w+$/.test(property) && property !== 'border-collapse' && /^0px|\bnone\b/.test(value) ? 'none' : value;
    }
    if (property === '@background') {
      // Lines differ in which of the boxes has it.
      const painted = (at) => (/, 0\)$/.test(getComputedStyle(at).backgroundColor) ? painted(at.parentElement) : getComputedStyle(at).backgroundColor);
      return painted(element);
    }
    const [box, around] = [element.getBoundingClientRect(), frame.getBoundingClientRect()];
    const [left, top] = [box.left - around.left, box.top - around.top];
    return `${{ '@width': box.width, '@height': box.height, '@left': left, '@top': top }[property].toFixed(2)}px`;
  };
  // A colour is four numbers, however it is written: relative ones come out as color(srgb …).
  const COLOUR = /rgba?\(([^)]*)\)|color\(srgb ([^)]*)\)/g;
  const split = (value) => {
    const colours = [];
    const rest = value.replace(COLOUR, (_, bytes, parts) => {
      const [r, g, b, a = 1] = (bytes ?? parts).split(/[\s,/]+/).filter(Boolean).map(Number);
      colours.push(a === 0 ? [0, 0, 0, 0] : [r, g, b].map((part) => (bytes ? part : part * 255)).concat(a * 255));
      return '#';
    });
    return { colours, rest };
  };
  // Less than one step of a screen's 256 is rounding, and less than half a pixel of where something lies.
  const same = (a, b, property) => {
    if (property[0] === '@' && property !== '@background') return Math.abs(parseFloat(a) - parseFloat(b)) < 0.5;
    const [one, other] = [split(a), split(b)];
    return one.rest === other.rest && one.colours.length === other.colours.length && one.colours.every((colour, at) => colour.every((part, channel) => Math.abs(part - other.colours[at][channel]) <= 1));
  };
  let compared = 0;
  const found = [];
  for (const { part, name, state, theirs, ours, page, pseudo = {}, compare } of parts) {
    const [theirFrame, ourFrame] = [document.querySelector(`[data-part="${part}"]`), document.querySelector(`[data-ours="${part}"]`)];
    const their = (page ? document : theirFrame)?.querySelector(theirs);
    const our = ourFrame?.querySelector(ours);
    const where = [part, name, state && `:${state}`].filter(Boolean).join(' ');
    if (!their || !our) {
      found.push(`${where}: ${their ? 'ours' : "Grafana's"} is missing`);
      continue;
    }
    for (const property of compare) {
      compared++;
      const [a, b] = [shown(their, pseudo.theirs, property, page ? document.documentElement : theirFrame), shown(our, pseudo.ours, property, page ? document.documentElement : ourFrame)];
      if (!same(a, b, property)) found.push(`${where}: ${property}: Grafana ${a}, ours ${b}`);
    }
  }
  return { compared, found };
}

/** A state no mouse is needed for: `:hover` and the focus ring, on both. */
async function force(session, { part, theirs, ours, state }, on) {
  const { root } = await session.send('DOM.getDocument');
  for (const selector of [`[data-part="${part}"] ${theirs}`, `[data-ours="${part}"] ${ours}`]) {
    const { nodeId } = await session.send('DOM.querySelector', { nodeId: root.nodeId, selector });
    const forced = state === 'focus-visible' ? ['focus', 'focus-visible'] : [state];
    await session.send('CSS.forcePseudoState', { nodeId, forcedPseudoClasses: on ? forced : [] });
  }
}

async function compareAll(page, session) {
  const sum = await page.evaluate(differences, PARTS.filter(({ state }) => !state));
  for (const part of PARTS.filter(({ state }) => state)) {
    await force(session, part, true);
    const { compared, found } = await page.evaluate(differences, [part]);
    await force(session, part, false);
    sum.compared += compared;
    sum.found.push(...found);
  }
  return sum;
}

test('our parts look like Grafana\'s own, property by property', (t) =>
  signedIn(browser, async (page, context) => {
    await page.goto(appUrl());
    await page.getByTestId('rollcall-root').waitFor();
    if (!(await page.evaluate(() => typeof window.__themes === 'function'))) return t.skip('only the page host has a gallery');
    const version = await page.evaluate(() => window.__rig.gv);
    if (parseInt(version, 10) < 11) return t.skip('what we follow is younger than this line');
    // Where this line has themes for colour-blind people, one of them as well.
    const all = await page.evaluate(() => window.__themes());
    const themes = ['dark', 'light', ...all.filter((id) => id === 'deut_prot_dark')];
    assert.equal(themes.length, parseInt(version, 10) >= 13 ? 3 : 2, `${version} has ${all}`);

    const ours = await harvest(page, context);
    const { variables, style } = await lookOf(page, themes);
    await page.goto(`${rootUrl()}/gallery`);
    await page.locator('[data-part=drawer-body]').waitFor();
    await page.evaluate(place, { ours, style });
    const session = await context.newCDPSession(page);
    await session.send('DOM.enable');
    await session.send('CSS.enable');
    const found = [];
    for (const theme of themes) {
      await page.evaluate((id) => window.__setTheme(id), theme);
      await page.evaluate(({ css, data, tabs }) => {
        document.querySelector('[data-ours=tabs]').innerHTML = tabs;
        for (const frame of document.querySelectorAll('[data-ours]')) {
          frame.style.cssText = `${css}; width: 400px;`;
          Object.assign(frame.dataset, data);
        }
      }, variables[theme]);
      const seen = await compareAll(page, session);
      assert.deepEqual(seen.found.filter((line) => line.endsWith('is missing')), []);
      assert.equal(seen.compared, PROPERTIES, 'every property of the table was compared');
      found.push(...seen.found.map((line) => `${theme}: ${line}`));
      await screenshot(page, `parity-${theme}`);
    }
    assert.ok(found.length === 0, `${found.length} of ${PROPERTIES * themes.length} properties differ:\n${found.join('\n')}`);

    // The comparison sees what it must see: one colour, one pixel.
    await page.addStyleTag({ content: '.rollcall-root .rcl-btn--primary { background: #123456; } .rcl-table td { padding-left: 9px; }' });
    const { found: changed } = await compareAll(page, session);
    assert.ok(changed.some((line) => line.startsWith('button-primary: background-color')), String(changed));
    assert.ok(changed.some((line) => line.startsWith('table td: padding-left')), String(changed));
    t.diagnostic(`${PROPERTIES} properties in each of ${themes.join(', ')}`);
  }));
