// How long the page makes one wait, with as many people as the Grafana at GRAFANA_URL has: figures, never a verdict (docs/performance.md).
// `cargo xtask bench` runs it on the release build with 100,000 people; by hand: GRAFANA_URL=… node tests/browser/measure.mjs
import { appUrl, backend, launch, signedIn } from './session.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
/** Of components/search.rs. */
const LETTER_PAUSE_MS = 100;

/** In the page: remembers when `selector` first was there, by the clock that starts with the navigation. */
const watch = (selector) => {
  const seen = () => {
    if (document.querySelector(selector) && window.ready === undefined) {
      window.ready = null;
      // What is in the document is on the screen with the next frame.
      requestAnimationFrame(() => {
        const asked = performance.getEntriesByType('resource').find(({ name }) => name.includes('/module.js'));
        window.ready = { all: performance.now(), ours: performance.now() - asked.startTime };
      });
    }
  };
  new MutationObserver(seen).observe(document, { childList: true, subtree: true });
};

function say(what, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
  console.log(`${what}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms (${times.length} times)`);
}

const browser = await launch();
try {
  const READY = { overview: ['', '.rcl-figures'], users: ['users', '[data-testid=people] tbody tr'] };
  for (const [name, [path, selector]] of Object.entries(READY)) {
    const times = { first: [], again: [] };
    for (let round = 0; round < ROUNDS; round++) {
      await signedIn(browser, async (page) => {
        await page.addInitScript(watch, selector);
        for (const visit of ['first', 'again']) {
          await page.goto(appUrl(path));
          times[visit].push(await (await page.waitForFunction(() => window.ready)).jsonValue());
        }
      });
    }
    for (const [visit, cache] of [['first', 'nothing cached'], ['again', "with the browser's cache"]]) {
      say(`${name}, ${cache}: from the navigation to its content`, times[visit].map(({ all }) => all));
      say(`${name}, ${cache}: of it ours, from Grafana's asking for module.js on`, times[visit].map(({ ours }) => ours));
    }
  }

  await signedIn(browser, async (page, context) => {
    const { total } = await backend(context, 'users?count=1');
    console.log(`${total} people`);
    await page.goto(appUrl('users'));
    await page.locator('[data-testid=people] tbody tr').nth(24).waitFor();
    /** From what a hand does to the rows that answer it, in the page's own clock. */
    const until = async (event, expected, act) => {
      await page.evaluate(([event, expected]) => {
        window.took = undefined;
        document.addEventListener(event, () => (window.began = performance.now()), { once: true, capture: true });
        const answered = () => {
          const body = document.querySelector('[data-testid=rollcall-root]');
          const rows = [...body.querySelectorAll('[data-testid=people] tbody tr')].map((row) => row.textContent);
          const there = rows.length > 0 && (expected.only ? rows.every((row) => row.includes(expected.only)) : rows.length < expected.fewerThan);
          if (there && window.began !== undefined && window.took === undefined) {
            requestAnimationFrame(() => (window.took = performance.now() - window.began));
            observer.disconnect();
          }
        };
        const observer = new MutationObserver(answered);
        observer.observe(document.body, { childList: true, subtree: true, characterData: true });
        window.began = undefined;
      }, [event, expected]);
      await act();
      return (await page.waitForFunction(() => window.took)).jsonValue();
    };
    const search = page.getByRole('searchbox', { name: /Search people/ });
    const [found, closed] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const login = `ada.king.${String(((round + 1) * 6151) % 100_000).padStart(6, '0')}`;
      found.push(await until('input', { only: login }, () => search.fill(login)));
    }
    say(`search, from the last letter to the row (of it ${LETTER_PAUSE_MS} ms of waiting for another letter)`, found);
    await search.fill('');
    await page.locator('[data-testid=people] tbody tr').nth(24).waitFor();
    for (let round = 0; round < ROUNDS; round++) {
      closed.push(await until('change', { only: 'closed' }, () => page.getByRole('radio', { name: /^Closed/ }).check()));
      await page.getByRole('radio', { name: /^All people/ }).check();
      await page.locator('[data-testid=people] tbody tr').nth(24).waitFor();
    }
    say('filter by access, from the click to the rows', closed);
  });
} finally {
  await browser.close();
}
