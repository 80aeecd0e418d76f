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

test('generated tables may have any length', () =>
  assert.is(faultsOf(lines(5000), 'shared/src/dicom/tags.generated.ts'), ''));

test('a comment has at most 120 columns unless it cannot be broken', () => {
  const word = 'x'.repeat(80);
  assert.is(faultsOf(`// ${word}`), '');
  assert.match(faultsOf(`// ${word} ${word}`), /a comment of 164 characters/);
  assert.is(faultsOf(`// https://example.org/${word}/${word}`), '');
});

test('a file name says something', () => {
  assert.match(faultsOf('', 'gateway/src/utils.ts'), /a name that says nothing/);
  assert.is(faultsOf('', 'gateway/src/verify-instance.ts'), '');
});

test.run();
