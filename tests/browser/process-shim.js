// Some of Grafana's dependencies ask Node's `process` what they run in.
export const process = {
  env: { NODE_ENV: 'production' },
  browser: true,
  nextTick: (task, ...args) => Promise.resolve().then(() => task(...args)),
  cwd: () => '/',
};
