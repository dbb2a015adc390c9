// Opens a page in Chromium as people do, and says what is wrong with it, a line each.
//
//   node check_page.mjs MODULES CHROMIUM PAGE [FOLDER]
//
// In light and dark, on a desk and on a phone, with everything folded and unfolded: no request, no
// console message, no axe violation, nothing wider than the window; every stop of the Tab key can be
// seen; under the policy that Jenkins sends the verdict is still there. Screenshots go to FOLDER.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';

const [modules, executablePath, file, folder] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'here.js'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'";
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const wrong = [];
const launch = () => chromium.launch({ executablePath, args: ['--no-sandbox'] });
// A browser that crashes before it has seen a page says nothing about the page.
const browser = await launch().catch(launch);

const views = {
  light: { viewport: { width: 1200, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 375, height: 800 }, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 375, height: 800 }, colorScheme: 'dark' },
};
for (const [name, options] of Object.entries(views)) {
  const context = await browser.newContext({ ...options, offline: true });
  const page = await context.newPage();
  page.on('request', (request) => {
    if (request.url() !== `file://${file}`) wrong.push(`${name}: request ${request.url()}`);
  });
  page.on('console', (message) => wrong.push(`${name}: console ${message.text()}`));
  await page.goto(`file://${file}`);
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
  await checkAll(page, name);
  if (options.viewport.width > 400) await checkFocus(page, name);
  await inIsolation(page, "document.querySelectorAll('details').forEach((d) => { d.open = true; })");
  await checkAll(page, `${name}, unfolded`);
  await context.close();
}
await checkUnderJenkins();
await browser.close();
for (const line of wrong) console.log(line);
process.exitCode = wrong.length ? 1 : 0;

async function checkAll(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) wrong.push(`${name}: ${wide} px wider than the window`);
  await inIsolation(page, axe);
  const run = `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then((found) => JSON.stringify(
    found.violations.map((one) => one.id + ': ' + one.help + ' ' + one.nodes[0].html.slice(0, 200))))`;
  for (const one of JSON.parse(await inIsolation(page, run))) wrong.push(`${name}: axe ${one}`);
}

// The page's own policy forbids every script, so ours run in a world apart.
async function inIsolation(page, expression) {
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send('Page.getFrameTree');
  const world = await client.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id, worldName: 'checks',
  });
  const contextId = world.executionContextId;
  const said = await client.send('Runtime.evaluate', {
    expression, contextId, awaitPromise: true, returnByValue: true,
  });
  if (said.exceptionDetails) throw new Error(JSON.stringify(said.exceptionDetails));
  return said.result.value;
}

async function checkFocus(page, name) {
  for (let stop = 0; stop < 40; stop += 1) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === document.body) return 'end';
      const box = focused.getBoundingClientRect();
      const inside = box.width && box.bottom > 0 && box.top < innerHeight && box.right > 0;
      const outlined = getComputedStyle(focused).outlineStyle !== 'none';
      return inside && outlined ? '' : focused.outerHTML.slice(0, 120);
    });
    if (seen === 'end') break;
    if (seen) wrong.push(`${name}: the focus cannot be seen on ${seen}`);
  }
}

async function checkUnderJenkins() {
  const server = http.createServer((_, response) => {
    response.setHeader('Content-Security-Policy', JENKINS);
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(fs.readFileSync(file));
  });
  await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  if (folder) await page.screenshot({ path: path.join(folder, 'jenkins.png') });
  const seen = await page.evaluate(() => {
    const visible = (one) => one.getBoundingClientRect().height > 0;
    return {
      styled: getComputedStyle(document.body).marginLeft === '0px',
      hidden: ['h1', 'h2', 'h3', 'th', 'td', 'svg.graph', 'svg.icon']
        .filter((name) => !document.querySelector(name) || !visible(document.querySelector(name))),
    };
  });
  if (seen.styled) wrong.push('jenkins: the policy did not take the style sheet away');
  for (const name of seen.hidden) wrong.push(`jenkins: ${name} cannot be seen`);
  server.close();
}
