/** Each rule of a proof is noticed when a test breaks it, and a test that keeps it passes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkProofRules } from './proof-rules.ts';

const PAGE = 'client/src/a.e2e.ts';
const faultsOf = (text: string, path = PAGE, imports: string[] = []): string[] =>
  checkProofRules([
    { path, text, imports: imports.map((target) => ({ target, isPackage: true, kind: 'value' })) },
  ]).map((finding) => finding.replace(`${path}:`, ''));
/** The lines of a test’s body that break the rule. */
const inTest = (...lines: string[]): number[] =>
  faultsOf(["test('a', async () => {", ...lines, '});'].join('\n'))
    .filter((finding) => finding.includes('absence proves nothing'))
    .map((finding) => Number.parseInt(finding, 10) - 1);

test('a test does not judge by the clock', () => {
  for (const line of [
    'const began = performance.now();',
    'process.hrtime.bigint();',
    'assert.ok(Date.now() - began < 500);',
    'while (end > Date.now()) look();',
    'const late = Date.parse(said) < Date.now() - 60_000;',
  ])
    for (const path of [PAGE, 'gateway/src/a.test.ts'])
      assert.match(faultsOf(`\n${line}`, path).join(), /^2: judges by the clock/, line);
});

test('a test may name dates around today and hand a clock to the product', () => {
  for (const line of [
    'const now = () => new Date(Date.now() + moved);',
    'const hourAgo = new Date(Date.now() - 3_600_000);',
    'const seconds = Math.floor(Date.now() / 1000);',
    'createSession({ now: () => performance.now() });',
  ])
    assert.equal(faultsOf(line, 'gateway/src/a.test.ts'), [], line);
});

test('a test does not sleep', () => {
  for (const line of [
    "import { setTimeout as after } from 'node:timers/promises';",
    'await new Promise((resolve) => setTimeout(resolve, 50));',
    'await page.waitForTimeout(250);',
  ])
    assert.match(faultsOf(line).join(), /^1: sleeps/, line);
  for (const line of [
    "import { setImmediate as turn } from 'node:timers/promises';",
    'await new Promise((resolve) => setImmediate(resolve));',
    'const late = setTimeout(() => child.kill(), PATIENCE_MS);',
  ])
    assert.equal(faultsOf(line), [], line);
});

test('no assertion is given what a page showed for an instant', () => {
  for (const line of [
    'assert.is(await list.count(), 3);',
    'assert.ok((await title.innerText()).includes(name));',
    "assert.match((await title.getAttribute('href')) ?? '', /^h/);",
    'assert.equal(await Promise.all(rows.map((row) => row.textContent())), []);',
    'assert.not.ok(\n  await button\n    .isVisible(),\n);',
  ])
    assert.match(
      faultsOf(line).join(),
      /^\d: read by an assertion that looks again: expect\(locator\)…$/,
      line,
    );
  for (const line of [
    'await expect(list).toHaveCount(3);',
    'assert.is(await stored.total(), 3);',
    'await list.count();',
  ])
    assert.equal(faultsOf(line), [], line);
});

test('pages are looked at elsewhere too: wherever Playwright is imported, but not in benches', () => {
  const line = 'assert.is(await list.count(), 3);';
  assert.is(faultsOf(line, 'shared/testing/a.ts', ['playwright-core']).length, 1);
  assert.is(faultsOf(line, 'scripts/bench/a.ts', ['playwright-core']).length, 0);
  assert.is(faultsOf(line, 'gateway/src/a.test.ts').length, 0);
});

test('an assertion that looks again is awaited', () => {
  const floating = /^\d: await the assertion or return it/;
  for (const line of [
    'expect(title).toBeVisible();',
    'void expect(title).not.toBeVisible();',
    'isOpen && expect(title).toBeVisible();',
    'expect.poll(() => rows()).toBe(3);',
  ])
    assert.match(faultsOf(line).join(), floating, line);
  for (const line of [
    'await expect(title).toBeVisible();',
    'await (isOpen ? expect(title).toBeVisible() : expect(other).toBeVisible());',
    'const shows = (title) => expect(title).toBeVisible();',
    'await Promise.all([expect(title).toBeVisible()]);',
  ])
    assert.equal(faultsOf(line), [], line);
});

test('absence is proved only after something has been seen since the last act', () => {
  const gone = [
    'await expect(row).toHaveCount(0);',
    'await expect(row).toBeHidden();',
    'await expect(row).not.toBeVisible();',
    "await expect(row).not.toContainText('a');",
  ];
  const acts = [
    'await button.click();',
    "await pressOn(button, 'Enter');",
    'await context.setOffline(true);',
  ];
  const waits = [
    'await title.waitFor();',
    'await expect(title).toBeVisible();',
    'await expect(row).toHaveCount(2);',
    "await until('it is there', isThere);",
    'const page = await world.enter();',
    'await looksRight(page);',
  ];
  for (const absence of gone) {
    assert.equal(inTest(absence), [1], absence);
    for (const wait of waits) {
      assert.equal(inTest(wait, absence, absence), [], wait);
      for (const act of acts) {
        assert.equal(inTest(wait, act, absence), [3], act);
        assert.equal(inTest(act, wait, absence), [], act);
      }
    }
  }
});

test('a test’s absences stand on its own waits, also those of functions in it', () => {
  const absent = 'await expect(row).toBeHidden();';
  const seen = 'await title.waitFor();';
  assert.is(faultsOf(`test('a', async () => { ${seen} });\ntest('b', async () => { ${absent} });`).length, 1);
  assert.is(
    faultsOf(
      `const walk = suite('w');\nwalk('a', async () => { ${seen} });\nwalk('b', async () => { ${absent} });`,
    ).length,
    1,
  );
  assert.equal(inTest(seen, `await inside(async () => { ${absent} });`), []);
});

test('keys go where the focus has been seen', () => {
  for (const line of [
    "await page.keyboard.press('Enter');",
    'await page.keyboard.press(key);',
    "await title.press('Tab');",
  ]) {
    assert.match(faultsOf(line).join(), /^1: pressOn\(control/, line);
    assert.equal(faultsOf(line, 'shared/testing/press.ts', ['playwright-core']), []);
  }
  assert.equal(faultsOf('await hands.press(button);'), []);
  assert.match(faultsOf("await page.getByLabel('Name').focus();").join(), /^1: focusOn\(control/);
});

test('a file that cannot be read is a finding', () => {
  assert.match(faultsOf('const a = {;').join(), /^ \w/);
});

test.run();
