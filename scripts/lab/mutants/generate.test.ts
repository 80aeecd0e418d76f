// test:all: only the long run of mutants uses it
/** Mutants say something else in one small place, and only where the code that runs can tell. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mutantsOf } from './generate.ts';
import { mutated } from './mutant.ts';

/** The mutated texts of a source. */
const becomes = (source: string): string[] =>
  mutantsOf('example.ts', source).map((mutant) => mutated(source, mutant));

test('a condition, a sign, a text and a body each become another one', () => {
  assert.equal(becomes('const isLong = (n: number) => n > 3;'), [
    'const isLong = (n: number) => undefined;',
    'const isLong = (n: number) => n >= 3;',
    'const isLong = (n: number) => n <= 3;',
  ]);
  assert.equal(becomes("if (ready) say('x');"), [
    "if (true) say('x');",
    "if (false) say('x');",
    "if (ready) say('');",
  ]);
  assert.equal(becomes('function f() { return 1; }'), ['function f() {}']);
});

test('types, imports, keys and the words of an Error stay as they are', () => {
  for (const source of [
    "type Kind = 'a' | 'b';",
    "import { a } from './a.ts';",
    "export { b } from './b.ts';",
    "throw new Error('nobody but a developer reads this');",
  ])
    assert.equal(becomes(source), [], source);
  assert.equal(becomes("const o = { 'key': k };"), []);
});

test('every mutant can be parsed, and none is the source itself', () => {
  const source = 'const a = [b ?? c, -d, !e, f.filter(g), h++, `i${j}`, k ? l : m];';
  const all = becomes(source);
  assert.ok(all.length > 8);
  for (const one of all) {
    assert.is.not(one, source);
    mutantsOf('example.ts', one);
  }
  assert.is(new Set(all).size, all.length);
});

test.run();
