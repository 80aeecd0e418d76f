/**
 * *Hide names* on a screen that shows a planted name, a patient's or one in a text that somebody typed: once it is on,
 * no planted name is in the text, in a field or its options, in the labels of a screen reader, in the window's title,
 * in the name of a file to save, or in an address; once it is off again, the name is back, but for what a live region
 * said before. A screen without a name is left alone.
 */
import type { Page } from 'playwright-core';
import { HIDE_NAMES_KEY } from '../kit/identities.ts';

/** Family and given names of the patients in studies and orders that tests in a browser send. */
const PLANTED = [
  ...['Doe Jane', 'Roe Richard', 'Vexquil Anna', 'Lockmann Vera', 'Order Ann', 'Order Dana', 'Order Finn'],
  ...['Study Ann', 'Study Ben', 'Study Cem', 'Study Eve', 'Ruiz Esperanza', 'Weber Karl', 'Plain Paula'],
  ...['Paper Petra', 'Encapsulated Petra', 'Odd Planted', 'Meier Anna', 'Lang Cem', 'Kurz Bo', 'Keller Lena'],
  ...['Film Child', 'Big Private', 'Planted Name'],
];
const PATTERN = PLANTED.map((name) => name.replace(' ', '(\\^|, | )')).join('|');
const WITHIN_MS = 30_000;

type Wanted = {
  readonly pattern: string;
  readonly wanted: boolean;
  /** A selector of elements whose text does not count. */
  readonly without: string | null;
};
/** Live regions say a thing once. */
const LIVE = '[role=status], [role=alert], [role=log], [aria-live]';

/** Runs in the page: whether a planted name is there is as wanted. */
function isAsWanted({ pattern, wanted, without }: Wanted): boolean {
  const all = (which: string) => [...document.querySelectorAll<HTMLElement>(which)];
  const attributes = ['aria-label', 'aria-description', 'aria-valuetext', 'title', 'alt', 'placeholder'];
  const told = [...attributes, 'download', 'label'].flatMap((name) =>
    all(`[${name}]`).map((element) => element.getAttribute(name) ?? ''),
  );
  const addresses = [location.href, ...all('[href]').map((link) => link.getAttribute('href') ?? '')];
  // A field that is not drawn only keeps what is in it.
  const fields = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')];
  const typed = fields.filter((field) => field.checkVisibility()).map(({ value }) => value);
  const drawn = all('option, svg text, svg title').map(({ textContent }) => textContent ?? '');
  const page = [document.title, ...addresses.map(decodeURIComponent), document.body.innerText];
  const name = new RegExp(pattern, 'gi');
  const text = [...page, ...told, ...typed, ...drawn].join('\n');
  const apart = without === null ? [] : all(without);
  const counted = apart.flatMap(({ innerText }) => innerText.match(name) ?? []).length;
  return (text.match(name) ?? []).length > counted === wanted;
}

/** Hides names, or shows them, as another tab would. */
export const chooseNames = (page: Page, on: boolean): Promise<void> =>
  page.evaluate(
    ([key, value]) => {
      localStorage.setItem(key, value);
      dispatchEvent(new StorageEvent('storage', { key }));
    },
    [HIDE_NAMES_KEY, on ? '1' : '0'] as const,
  );

/** Null: all is well. */
export async function namesHiddenFault(page: Page): Promise<string | null> {
  const isThere = (without: string | null): Promise<boolean> =>
    page.evaluate(isAsWanted, { pattern: PATTERN, wanted: true, without });
  if (!(await isThere(null))) return null;
  const comesBack = await isThere(LIVE);
  const settles = async (wanted: boolean): Promise<boolean> => {
    const timeout = { timeout: WITHIN_MS };
    const waiting = page.waitForFunction(isAsWanted, { pattern: PATTERN, wanted, without: null }, timeout);
    return waiting.then(
      () => true,
      () => false,
    );
  };
  const scrolled = await page.evaluate(() => scrollY);
  await chooseNames(page, true);
  const isHidden = await settles(false);
  const left = isHidden ? '' : await page.evaluate(() => document.body.innerText);
  await chooseNames(page, false);
  if (!isHidden) return `a name is shown although names are hidden: ${left.slice(0, 1500)}`;
  const isBack = !comesBack || (await settles(true));
  // The page is shorter without names, and what stands behind a bar at its edge is another part then.
  await page.evaluate((top) => scrollTo(0, top), scrolled);
  return isBack ? null : 'names do not come back';
}
