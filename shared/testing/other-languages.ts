/**
 * A page as it would look in other languages: every word longer and with accents, in both directions of writing.
 * No text may leave the window or its control, or be cut off. The texts are changed where they are drawn,
 * measured, and put back before the browser paints: neither the page nor the test notices. `npm run check`
 * makes sure that no word stands outside the words files.
 */
import type { Page } from 'playwright-core';

/** German and Finnish need about as much more room. */
const GROWTH = 0.4;
const ACCENTED = {
  ...{ a: 'á', e: 'ë', i: 'ï', o: 'ö', u: 'ü', n: 'ñ', c: 'ç', s: 'š', y: 'ý' },
  ...{ A: 'Å', E: 'Ê', I: 'Î', O: 'Ø', U: 'Û', N: 'Ñ', C: 'Ç', S: 'Š' },
} as Readonly<Record<string, string>>;
/** Codes, and names and texts from a study, are the same in every language. */
const SAME = '.code, code, pre, bdi, textarea';
const CONTROL = 'button, .button, .tab, summary, label';

/** Words grow one by one, as in other languages: a line still breaks between them. */
function toOther(word: string): string {
  const accented = word.replaceAll(/[a-zA-Z]/g, (letter) => ACCENTED[letter] ?? letter);
  return accented + 'ö'.repeat(Math.ceil(word.length * GROWTH));
}

function textsOfPage(): Text[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  return texts.filter((text) => /\p{L}{2}/u.test(text.data) && !text.parentElement?.closest(SAME));
}

/** Unseen, or in a box that scrolls or ends in an ellipsis. */
function mayBeHidden(element: Element): boolean {
  if (!element.checkVisibility() || element.closest('.skip')) return true;
  for (let box: Element | null = element; box && box !== document.body; box = box.parentElement) {
    const { overflowX, textOverflow, clipPath } = getComputedStyle(box);
    if (/auto|scroll/.test(overflowX) || textOverflow === 'ellipsis' || clipPath !== 'none') return true;
  }
  return false;
}

function faultOf(text: Text): string | null {
  const element = text.parentElement!;
  if (mayBeHidden(element)) return null;
  const range = document.createRange();
  range.selectNodeContents(text);
  const inner = range.getBoundingClientRect();
  const leaves = (outer: { readonly left: number; readonly right: number }): boolean =>
    inner.left < outer.left - 1 || inner.right > outer.right + 1;
  if (inner.width === 0) return null;
  if (leaves({ left: 0, right: document.documentElement.clientWidth })) return 'leaves the window';
  const control = element.closest(CONTROL);
  if (control && leaves(control.getBoundingClientRect())) return 'leaves its control';
  for (let box: Element | null = element; box && box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflow === 'visible') continue;
    const outer = box.getBoundingClientRect();
    if (leaves(outer) || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1) return 'is cut off';
  }
  return null;
}

/** `words`: what the texts say in the page's own language. */
function measure(texts: readonly Text[], words: readonly string[], direction: string): string[] {
  const root = document.documentElement;
  root.dir = direction;
  const tooWide = root.scrollWidth - root.clientWidth;
  const faults = texts.flatMap((text, at) => {
    const fault = faultOf(text);
    return fault === null ? [] : [`${direction}, longer: “${words[at]!.trim().slice(0, 80)}” ${fault}`];
  });
  return tooWide > 0 ? [`${direction}, longer: ${tooWide} px wider than the window`, ...faults] : faults;
}

function faultsInOtherLanguages(): string[] {
  const texts = textsOfPage();
  const words = texts.map(({ data }) => data);
  const { scrollX, scrollY } = window;
  const direction = document.documentElement.dir;
  try {
    for (const text of texts) text.data = text.data.replaceAll(/\p{L}{2,}/gu, toOther);
    return [...measure(texts, words, 'ltr'), ...measure(texts, words, 'rtl')];
  } finally {
    texts.forEach((text, at) => {
      text.data = words[at]!;
    });
    document.documentElement.dir = direction;
    window.scrollTo(scrollX, scrollY);
  }
}

/** The functions above run in the page, which sees nothing of this file: they travel as their source. */
const IN_THE_PAGE = `(() => {
  const GROWTH = ${GROWTH};
  const ACCENTED = ${JSON.stringify(ACCENTED)};
  const SAME = ${JSON.stringify(SAME)};
  const CONTROL = ${JSON.stringify(CONTROL)};
  ${[toOther, textsOfPage, mayBeHidden, faultOf, measure, faultsInOtherLanguages].join('\n')}
  return faultsInOtherLanguages();
})()`;

/** Faults of the page in other languages, in the window that it has; the page is as before. */
export function inOtherLanguages(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(IN_THE_PAGE);
}
