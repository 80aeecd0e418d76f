/**
 * A browser that Playwright cannot drive, through a protocol of the W3C: Firefox through WebDriver BiDi, WebKitGTK
 * through WebDriver. Both answer to the same few steps; a page is pressed and typed on as by a hand.
 */
import { until } from './gateway-under-test.ts';

/** W3C WebDriver §17.4: the actions of one input source. Both protocols take the same form. */
export type InputActions = {
  readonly type: 'key' | 'pointer';
  readonly id: string;
  readonly actions: readonly Readonly<Record<string, unknown>>[];
};

/** The steps of a protocol. */
export type Driver = {
  readonly version: string;
  navigate(url: string): Promise<void>;
  /** The value of an expression in the page, awaited, as JSON carries it. */
  evaluate(expression: string): Promise<unknown>;
  perform(actions: InputActions): Promise<void>;
  setFiles(selector: string, paths: readonly string[]): Promise<void>;
  /** Ends the browser and what was started for it. */
  close(): Promise<void>;
};

export type DrivenPage = {
  readonly version: string;
  goto(url: string): Promise<void>;
  /** Runs a function of no arguments in the page. */
  evaluate<T>(work: () => T | Promise<T>): Promise<T>;
  untilText(text: string): Promise<void>;
  /** Presses the button whose text begins so, once it is there and enabled. */
  pressButton(name: string): Promise<void>;
  /** Types into the field with this label. */
  fill(label: string, text: string): Promise<void>;
  chooseFiles(selector: string, paths: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

type Point = { readonly x: number; readonly y: number };

/** The middle of an element, once it is there and within the window; `find` is an expression for the element. */
const middleOf = (find: string): string => `(() => {
  const element = ${find};
  if (!element || element.disabled) return null;
  element.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { x, y, width, height } = element.getBoundingClientRect();
  return width > 0 ? { x: Math.round(x + width / 2), y: Math.round(y + height / 2) } : null;
})()`;

const buttonCalled = (name: string): string =>
  `[...document.querySelectorAll('button')].find((one) => one.textContent.trim().startsWith(${JSON.stringify(name)}))`;
const fieldLabelled = (label: string): string =>
  `[...document.querySelectorAll('label')].find((one) => one.textContent.trim() === ${JSON.stringify(label)})?.control`;

const clickAt = ({ x, y }: Point): InputActions => ({
  type: 'pointer',
  id: 'mouse',
  actions: [
    { type: 'pointerMove', x, y, duration: 0 },
    { type: 'pointerDown', button: 0 },
    { type: 'pointerUp', button: 0 },
  ],
});

const typing = (text: string): InputActions => ({
  type: 'key',
  id: 'keyboard',
  actions: [...text].flatMap((value) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ]),
});

async function click(driver: Driver, what: string, find: string): Promise<void> {
  const point = await until(what, async () => (await driver.evaluate(middleOf(find))) as Point | null);
  await driver.perform(clickAt(point));
}

export function createDrivenPage(driver: Driver): DrivenPage {
  return {
    version: driver.version,
    goto: (url) => driver.navigate(url),
    evaluate: async <T>(work: () => T | Promise<T>) => (await driver.evaluate(`(${work.toString()})()`)) as T,
    async untilText(text) {
      const isShown = `document.body.innerText.includes(${JSON.stringify(text)})`;
      try {
        await until(`“${text}” in ${driver.version}`, async () => (await driver.evaluate(isShown)) === true);
      } catch (error) {
        throw new Error(`the page says:\n${await driver.evaluate('document.body.innerText')}`, {
          cause: error,
        });
      }
    },
    pressButton: (name) => click(driver, `the button ${name}`, buttonCalled(name)),
    async fill(label, text) {
      await click(driver, `the field ${label}`, fieldLabelled(label));
      await driver.perform(typing(text));
    },
    chooseFiles: (selector, paths) => driver.setFiles(selector, paths),
    close: () => driver.close(),
  };
}
