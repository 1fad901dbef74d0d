// Builds the page host of one Grafana line: `node tests/browser/build.mjs 13.2` → tests/browser/.cache/13.2/dist/{host.js,host.css,public/}.
// What is built already is not built again; a change of a line's lock file or of the host's own source is seen.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
export const LINES = readdirSync(path.join(here, 'lines')).sort();

/** Installs exactly what the lock file says, once per lock file. Install scripts of strangers never run. */
function install(folder, lock) {
  const stamp = path.join(folder, 'node_modules/.rollcall-lock');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return wanted;
  execFileSync('npm', ['ci', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: 'inherit' });
  writeFileSync(stamp, wanted);
  return wanted;
}

/** Returns the folder with host.js, host.css and public/. */
export async function build(line) {
  if (!LINES.includes(line)) throw new Error(`no such Grafana line: ${line}; there are ${LINES.join(', ')}`);
  const folder = path.join(here, '.cache', line);
  const modules = path.join(folder, 'node_modules');
  const dist = path.join(folder, 'dist');
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(path.join(here, 'lines', line, file), path.join(folder, file));
  install(here, path.join(here, 'package-lock.json'));
  const lock = install(folder, path.join(folder, 'package-lock.json'));

  const sources = ['build.mjs', 'host.tsx', 'gallery.tsx', 'process-shim.js'].map((file) => readFileSync(path.join(here, file)));
  const wanted = createHash('sha256').update(lock).update(Buffer.concat(sources)).digest('hex');
  const stamp = path.join(dist, '.built');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return dist;

  const { build: bundle } = await import('esbuild');
  rmSync(dist, { recursive: true, force: true });
  await bundle({
    entryPoints: [path.join(here, 'host.tsx')],
    outfile: path.join(dist, 'host.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    jsx: 'automatic',
    nodePaths: [modules],
    // lodash takes SystemJS's `define.amd` for a module loader of its own.
    define: { 'process.env.NODE_ENV': '"production"', global: 'window', define: 'undefined' },
    inject: [path.join(here, 'process-shim.js')],
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
    plugins: [resolver(modules)],
    logLevel: 'error',
  });
  fonts(dist);
  // Icons. Lines up to 11 ask for them under public/, later ones under public/build/: the server strips `build/`.
  cpSync(path.join(modules, '@grafana/ui/dist/public'), path.join(dist, 'public'), { recursive: true });
  writeFileSync(stamp, wanted);
  return dist;
}

/** Grafana's own files have Inter and Roboto Mono; its npm packages only name them. */
function fonts(dist) {
  const faces = [
    ['Inter', 400, '@fontsource/inter/files/inter-latin-400-normal.woff2', 'inter/Inter-Regular.woff2'],
    ['Inter', 500, '@fontsource/inter/files/inter-latin-500-normal.woff2', 'inter/Inter-Medium.woff2'],
    ['Roboto Mono', 400, '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2', 'roboto/RobotoMono-Regular.woff2'],
  ];
  for (const [family, weight, from, to] of faces) {
    cpSync(path.join(here, 'node_modules', from), path.join(dist, 'public/fonts', to));
    const rule = `@font-face{font-family:"${family}";font-weight:${weight};src:url("public/fonts/${to}") format("woff2")}\n`;
    appendFileSync(path.join(dist, 'host.css'), rule);
  }
}

/** What esbuild cannot find by itself in Grafana's packages, and the editor, which is megabytes that no page of ours needs. */
const resolver = (modules) => ({
  name: 'grafana-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^react-use\/lib\// }, (a) => ({ path: path.join(modules, a.path.replace('/lib/', '/esm/') + '.js') }));
    onResolve({ filter: /^systemjs\/dist\// }, (a) => ({ path: path.join(modules, a.path.endsWith('.js') ? a.path : `${a.path}.js`) }));
    onResolve({ filter: /^(monaco-editor|@monaco-editor\/react|react-monaco-editor)(\/.*)?$/ }, (a) => ({ path: a.path, namespace: 'left-out' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
      contents: 'module.exports = new Proxy(function () {}, { get: (_, key) => (key === "__esModule" ? true : () => null) });',
    }));
  },
});

if (process.argv[1] === import.meta.filename) {
  const lines = process.argv.slice(2);
  if (lines.length === 0) {
    console.error(`usage: node tests/browser/build.mjs LINE…   (${LINES.join(', ')})`);
    process.exit(2);
  }
  for (const line of lines) console.log(await build(line));
}
