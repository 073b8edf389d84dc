// Checks of the dossier's page in headless Chromium: node dossier.mjs FOLDER SCREENSHOTS
import {readFileSync, statSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {chromium} from 'playwright-core';

const [folder, screenshots] = process.argv.slice(2);
const page = join(folder, 'dossier.html');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browserFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const views = {
  desktop: {viewport: {width: 1280, height: 900}, colorScheme: 'light'},
  dark: {viewport: {width: 1280, height: 900}, colorScheme: 'dark'},
  phone: {viewport: {width: 390, height: 844}, colorScheme: 'light'},
};

let passed = 0;
let failed = 0;
function check(name, holds, detail = '') {
  if (holds) {
    passed++;
  } else {
    failed++;
    console.log(`failed ${name}${detail === '' ? '' : ': ' + detail}`);
  }
}

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: browserFlags});

// Opens a page in a view; collects what it asks for and complains about.
async function open(file, view, options = {}) {
  const context = await browser.newContext({...view, ...options});
  const tab = await context.newPage();
  const seen = {requests: [], complaints: [], dialogs: 0};
  tab.on('request', (request) => request.url().startsWith('file:') || seen.requests.push(request.url()));
  tab.on('pageerror', (error) => seen.complaints.push(error.message));
  tab.on('console', (message) => ['error', 'warning'].includes(message.type()) && seen.complaints.push(message.text()));
  tab.on('dialog', (dialog) => (seen.dialogs++, dialog.dismiss()));
  await tab.goto('file://' + file);
  await tab.waitForTimeout(200);
  return {tab, seen, close: () => context.close()};
}

async function visibleFigures(tab) {
  return tab.$$eval('figure svg', (all) => all.filter((svg) => svg.getBoundingClientRect().height > 50).length);
}

for (const [name, view] of Object.entries(views)) {
  const {tab, seen, close} = await open(page, view);
  check(`${name}: asks nothing of the network`, seen.requests.length === 0, seen.requests.join(' '));
  check(`${name}: no errors`, seen.complaints.length === 0, seen.complaints.join('; '));
  const [content, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  check(`${name}: no horizontal scrolling`, content <= room, `${content} > ${room}`);
  const figures = await tab.locator('figure').count();
  const drawn = await visibleFigures(tab);
  check(`${name}: every figure is drawn`, figures >= 6 && drawn === figures, `${drawn} of ${figures}`);
  await tab.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
  await tab.screenshot({path: join(screenshots, `dossier-${name}.png`), fullPage: true});
  await close();

  // axe runs in the page, so the page's own policy has to step aside for it.
  const checked = await open(page, view, {bypassCSP: true});
  await checked.tab.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
  await checked.tab.addScriptTag({content: axeSource});
  const result = await checked.tab.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
  const serious = result.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  check(`${name}: no serious accessibility violation`, serious.length === 0,
    serious.map((v) => `${v.id} (${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')})`).join('; '));
  await checked.close();
}

{
  const still = await open(page, views.desktop, {javaScriptEnabled: false});
  const text = await still.tab.textContent('main');
  check('without scripts: key judgements', text.includes('Key judgements'));
  check('without scripts: the method is readable', await still.tab.locator('dt', {hasText: 'Method'}).first().isVisible());
  const figures = await still.tab.locator('figure').count();
  check('without scripts: the figures', figures >= 6 && (await still.tab.locator('figure .still.wide svg').count()) === figures);
  check('without scripts: a figure is visible', await still.tab.locator('#figure-week .still.wide svg').isVisible());
  check('without scripts: the roles table', await still.tab.locator('caption', {hasText: 'Services that watched'}).isVisible());
  await still.tab.screenshot({path: join(screenshots, 'dossier-without-scripts.png'), fullPage: true});
  await still.close();
}

{
  const {tab, close} = await open(page, views.desktop);
  await tab.locator('#figure-concentration').scrollIntoViewIfNeeded();
  const bars = await tab.locator('#figure-concentration .live svg').boundingBox();
  await tab.mouse.move(bars.x + 140, bars.y + 15);
  await tab.waitForTimeout(200);
  check('a tooltip tells the value under the pointer', (await tab.textContent('#figure-concentration .live')).includes('175.45.176.67'));
  const [download] = await Promise.all([tab.waitForEvent('download'), tab.click('#save')]);
  const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
  check('the data can be saved', saved.schema === 1 && saved.subject.id === 'watched');
  await tab.emulateMedia({colorScheme: 'dark'});
  await tab.waitForTimeout(200);
  const fill = await tab.$eval('#figure-concentration .live path[fill]', (path) => path.getAttribute('fill'));
  check('live figures follow the colour scheme', fill.toLowerCase() !== '#0072b2', fill);
  await close();
}

{
  const {tab, close} = await open(page, views.desktop);
  const pdf = join(screenshots, 'dossier.pdf');
  await tab.pdf({path: pdf, format: 'A4'});
  check('prints', statSync(pdf).size > 20000);
  await tab.emulateMedia({media: 'print'});
  check('on paper: static figures', await tab.locator('#figure-daily .still.wide').isVisible());
  check('on paper: no live ones', !(await tab.locator('#figure-daily .live').isVisible()));
  await close();
}

{
  const {tab, seen, close} = await open(join(folder, 'evil.html'), views.desktop);
  check('a hostile name stays text', (await tab.textContent('h1')) === '</script><img src=x onerror=alert(1)>');
  check('a hostile name makes no element', (await tab.locator('img').count()) === 0);
  check('a hostile name runs nothing', seen.dialogs === 0 && seen.complaints.length === 0, seen.complaints.join('; '));
  const data = JSON.parse(await tab.textContent('#dossier-data'));
  check('a hostile name is whole in the data', data.subject.name === '</script><img src=x onerror=alert(1)>');
  await close();
}

await browser.close();
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed === 0 ? 0 : 1);
