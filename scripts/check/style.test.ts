/** Each rule of style is noticed when it is broken, and a file that keeps it passes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkStyle } from './style.ts';

const faultsOf = (text: string, path = 'gateway/src/a.ts'): string =>
  checkStyle([{ path, text, imports: [] }]).join('\n');
const lines = (count: number): string => 'const a = 1;\n'.repeat(count);

test('a product file has at most 420 lines, a test at most 500', () => {
  assert.is(faultsOf(lines(420)), '');
  assert.match(faultsOf(lines(421)), /421 lines, more than 420/);
  for (const path of ['gateway/src/a.test.ts', 'client/src/a.e2e.ts', 'client/src/a.bench.tsx']) {
    assert.is(faultsOf(lines(500), path), '');
    assert.match(faultsOf(lines(501), path), /501 lines, more than 500/);
  }
});

test('a longer file says why at its head', () => {
  const long = lines(421);
  for (const reason of [
    '// Long, because its rows are one table.\n',
    '/**\n * A table. Long, because\n * its rows are read together.\n */\n',
  ])
    assert.is(faultsOf(reason + long), '', reason);
  for (const none of [
    '// A table.\n',
    '// Long, because\n',
    '/** Long, because */\n',
    'const b = 1;\n// Long, because of its rows.\n',
  ])
    assert.match(faultsOf(none + long), /lines, more than 420/, none);
});

test('generated tables may have any length', () =>
  assert.is(faultsOf(lines(5000), 'shared/src/dicom/tags.generated.ts'), ''));

test('a comment has at most 120 columns unless it cannot be broken', () => {
  const word = 'x'.repeat(80);
  assert.is(faultsOf(`// ${word}`), '');
  assert.match(faultsOf(`// ${word} ${word}`), /a comment of 164 characters/);
  assert.is(faultsOf(`// https://example.org/${word}/${word}`), '');
});

test('each value is assigned by a statement of its own', () => {
  const several = /several assignments in one/;
  const pair = '[a, b]';
  for (const line of [
    `const ${pair} = [1, 2];`,
    `  let ${pair} = [`,
    `for (let ${pair} = [0, 1]; a < b; a += 1) {`,
    `${pair} = [b, a];`,
    `const ${pair}: [string[], string[]] = [[], []];`,
  ])
    assert.match(faultsOf(line), several, line);
  for (const line of [
    'const [a, b] = pair;',
    'const [[a]] = [...map];',
    'of[a] = [b];',
    'const a = [[1], [2]];',
  ])
    assert.is(faultsOf(line), '', line);
});

test('a file name says something', () => {
  assert.match(faultsOf('', 'gateway/src/utils.ts'), /a name that says nothing/);
  assert.is(faultsOf('', 'gateway/src/verify-instance.ts'), '');
});

test('a test title names its subject', () => {
  const unnamed = /a test title that does not name its subject/;
  for (const first of ['what', 'who', 'whose', 'which', 'whoever']) {
    const titles = [`test('${first} is sent once', () => {`, `sent("${first} is", `, `  '${first} is sent',`];
    for (const title of titles) {
      for (const path of ['client/src/a.test.ts', 'client/src/a.e2e.ts', 'gateway/src/a.bench.ts'])
        assert.match(faultsOf(title, path), unnamed, title);
      assert.is(faultsOf(title), '', 'no test');
    }
  }
  for (const named of ['says what is sent', 'whatever is sent, it is kept', 'whole studies'])
    assert.is(faultsOf(`test('${named}', () => {`, 'client/src/a.test.ts'), '', named);
});

test('comments and test titles use everyday words', () => {
  const word = 'anew';
  const bookish = /write "again" or "new"/;
  for (const comment of [`// Made ${word}.`, ` * made ${word} by`, `/** ${word} */`])
    assert.match(faultsOf(comment), bookish, comment);
  assert.match(faultsOf(`test('made ${word}', () => {`, 'client/src/a.test.ts'), bookish);
  assert.is(faultsOf(`const a = '${word}';`), '');
  assert.is(faultsOf('// canewas'), '');
});

test('a failure is ignored by name, with its reason', () => {
  for (const nothing of ['undefined', '{}']) {
    const line = `void work().catch(() => ${nothing});`;
    assert.match(faultsOf(line), /ignored without a reason/, line);
    assert.is(faultsOf(line, 'shared/src/ignore-failure.ts'), '');
  }
  assert.is(faultsOf("void ignoreFailure(work(), 'nobody waits for it');"), '');
});

test.run();
