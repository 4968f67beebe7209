// One Chromium for the browser tests and the screenshot, with the flags that keep it quiet.
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function launch() {
  return chromium.launch({
    executablePath: process.env.KANSOKU_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS,
  });
}

// Who signs in: `console_user` and `console_password` of the credentials file, else its access key and
// secret. Null where it names neither.
export function readCredentials(path) {
  if (path === undefined || path === '' || !existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  const value = (name) => new RegExp(`^\\s*${name}\\s*=\\s*(.+?)\\s*$`, 'm').exec(text)?.[1];
  const user = value('console_user') ?? value('aws_access_key_id');
  const password = value('console_password') ?? value('aws_secret_access_key');
  return user === undefined || password === undefined ? null : { user, password };
}

export async function setPrefs(context, prefs) {
  await context.addInitScript((value) => {
    localStorage.setItem('kansoku.prefs', JSON.stringify(value));
  }, prefs);
}

export async function signInWhenAsked(page, credentials) {
  await page.waitForSelector('.frame, .signin');
  if (await page.locator('.signin').count() === 0) return false;
  if (credentials === null) throw new Error('the server asks for a sign-in, and no credentials were given');
  await page.fill('.signin input[name=username]', credentials.user);
  await page.fill('.signin input[name=password]', credentials.password);
  await page.click('.signin button[type=submit]');
  await page.waitForSelector('.frame');
  return true;
}
