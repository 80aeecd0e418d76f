/** A function is measured as it stands on the page, wherever it is written. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkFunctions } from './functions.ts';

const faultsOf = (text: string, path = 'client/src/a.tsx'): string =>
  checkFunctions([{ path, text, imports: [] }]).join('\n');

/** Each around lines of its own kind: the head and the closing brace are the other two. */
const FORMS: readonly [form: string, head: string, line: string, end: string][] = [
  ['a function', 'export async function a(): Promise<void> {', '  await b();', '}'],
  ['an arrow', 'const a = (): void => {', '  b();', '};'],
  ['an expression in pieces', 'const a = () => [', '  b,', '];'],
  ['a component', 'const A = () => (<p>', '  <b>b</b>', '</p>);'],
  ['a comment inside', 'function a(): void {', '  // b', '}'],
  ['empty lines', 'function a(): void {', '', '}'],
  ['functions inside', 'function a(): void {', '  b(() => {});', '}'],
  ['a parameter a line', 'function a({', '  b,', '}: B): void {}'],
  ["a test's steps", "test('b', () => {", '  b();', '});'],
];

for (const [form, head, line, end] of FORMS)
  test(`${form}: 60 lines are taken, 61 are not`, () => {
    const withLines = (count: number): string =>
      ['// above', head, ...Array.from({ length: count - 2 }, () => line), end, ''].join('\n');
    assert.is(faultsOf(withLines(60)), '');
    assert.is(faultsOf(withLines(61)), 'client/src/a.tsx:2: a function of 61 lines, more than 60');
  });

test('a longer function says why in the comment right above it', () => {
  const long = `export function a(): void {\n${'  b();\n'.repeat(60)}}\n`;
  for (const reason of ['// Long, because of its steps.\n', '/**\n * Long, because\n * of its steps.\n */\n'])
    assert.is(faultsOf(`const c = 1;\n\n${reason}${long}`), '', reason);
  for (const none of ['// Steps.\n', '// Long, because\n', '// Long, because of its steps.\n\n'])
    assert.match(faultsOf(none + long), 'a function of 62 lines', none);
});

test('a method is measured, its class is not', () => {
  const method = (name: string, count: number): string[] => [
    `  ${name}(): void {`,
    ...Array.from({ length: count - 2 }, () => '    b();'),
    '  }',
  ];
  const classOf = (...methods: string[][]): string => ['class A {', ...methods.flat(), '}'].join('\n');
  assert.is(faultsOf(classOf(method('a', 60), method('get b', 60), method('static c', 60))), '');
  assert.match(faultsOf(classOf(method('a', 60), method('#b', 61))), 'a.tsx:62: a function of 61 lines');
});

test('generated tables and declarations are not measured', () => {
  const long = `function a(): void {\n${'  b();\n'.repeat(100)}}\n`;
  assert.is(faultsOf(long, 'shared/src/dicom/tags.generated.ts'), '');
  assert.is(faultsOf(long, 'shared/testing/dcmjs.d.ts'), '');
  assert.match(faultsOf(long, 'shared/src/dicom/tags.ts'), 'a function of 102 lines');
});

test('a file that cannot be read is a finding', () => {
  assert.match(faultsOf(`function a( {\n${'\n'.repeat(100)}`), /client\/src\/a\.tsx: /);
});

test.run();
