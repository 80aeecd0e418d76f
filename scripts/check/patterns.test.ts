/** A regular expression that looks further than it consumes is a finding, wherever and however it is written. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findInFile, findPatterns } from './find-patterns.ts';
import { judgePattern } from './judge-pattern.ts';
import { isBounded, unboundedWithin } from './pattern-form.ts';
import { digestOf, RECHECK } from './pattern-verdicts.ts';
import { faultsOf, type Loops } from './patterns.ts';
import { readSources } from './source-files.ts';

const test = suite('regular expressions');

const PATH = 'gateway/src/a.ts';
/** A pattern that stopped the gateway: from each beginning it scanned to the end of the body. */
const QUADRATIC = /<DicomAttribute\b([^>]*?)(\/?)>/g;
const SAFE = /^a+$/;

const faultOf = async (pattern: RegExp): Promise<string> => (await judgePattern(pattern)) ?? 'safe';

const findingsFor = (text: string, safe: readonly RegExp[] = [], by = RECHECK, loops: Loops = []): string[] =>
  faultsOf(findInFile({ path: PATH, text, imports: [] }), { by, safe: new Set(safe.map(digestOf)) }, loops);

test('a quadratic or exponential one gets no verdict', async () => {
  assert.match(await faultOf(QUADRATIC), /^2nd degree polynomial, by /);
  assert.match(await faultOf(/^(?:a|a)*$/), /^exponential/);
  assert.is(isBounded(/^(?:a|aa){0,60}$/), true);
  assert.match(await faultOf(/^(?:a|aa){0,60}$/), /^exponential/);
  assert.match(await faultOf(/[\p{L}--[a-z]]/v), /^unknown/);
  assert.is(await faultOf(SAFE), 'safe');
  assert.is(await faultOf(/(?<!\p{L})[A-Z]{2}\d{1,64}$/u), 'safe');
});

test('one without a verdict is a finding, by line, and so is a verdict by another recheck or for nothing', () => {
  const line = `const a = 1;\nconst b = ${SAFE};\n`;
  assert.equal(findingsFor(line, [SAFE]), []);
  assert.match(findingsFor(line).join('\n'), /^gateway\/src\/a\.ts:2: \/\^a\+\$\/ has no verdict: ask with /);
  assert.match(findingsFor(line, [/^a+$/i]).join('\n'), /has no verdict.*\n.*is the verdict of no pattern/s);
  assert.match(findingsFor(line, [SAFE], 'recheck 0').join('\n'), /by recheck 0, and recheck [\d.]+ is/);
});

test('one that is used again behind each match looks at nothing twice', () => {
  const twice = /may look at the same text from each match/;
  // A single match of each is linear.
  for (const pattern of [/\[[^\]]*\]|\[/g, /x(?:[^y]*y)?/g, /a(?=[^b]*b)|a/g, /a[^b]*b|a/y]) {
    assert.match(findingsFor(`text.replace(${pattern}, '')`, [pattern]).join(), twice, `${pattern}`);
    assert.match(findingsFor(`text.split(/${pattern.source}/)`).join(), twice, `${pattern}`);
    const known = [{ pattern, alone: SAFE, because: 'it is bounded' }];
    assert.equal(findingsFor(`text.replace(${pattern}, '')`, [pattern, SAFE], RECHECK, known), []);
  }
  assert.equal(findingsFor('text.search(/x(?:[^y]*y)?/)', [/x(?:[^y]*y)?/]), []);
  for (const pattern of [/[a-z]+/g, /(?:a|b)[x+]{2,}|c(?<x>\d+)/g, /[.*+?^${}()|[\]\\]/g, /a{1,64}b/g])
    assert.equal(unboundedWithin(pattern), [], `${pattern}`);
});

test('one is composed in one place, while a module loads', () => {
  const elsewhere = /^gateway\/src\/a\.ts:1: a regular expression composed elsewhere/;
  for (const line of ["new RegExp('a')", 'RegExp(text)', 'const a = () => new RegExp(`${b}+`);'])
    assert.match(findingsFor(line).join(), elsewhere, line);
  const later = /composed in a function/;
  for (const line of [
    "const f = () => composePattern('a');",
    "function f() { return composePattern('a'); }",
    'const f = () => list.map((a) => composePattern(a));',
    "const f = { g() { return composePattern('a'); } };",
  ])
    assert.match(findingsFor(line).join(), later, line);
  for (const line of ["const a = composePattern('a');", 'const a = list.map((one) => composePattern(one));'])
    assert.equal(findingsFor(line), [], line);
});

test('an exception that nothing needs any more is a finding', () => {
  const gone = /pattern-exceptions\.ts: \/\^a\+\$\/ is not there any more/;
  const loops = [{ pattern: SAFE, alone: SAFE, because: 'it is bounded' }];
  assert.match(findingsFor('', [SAFE], RECHECK, loops).join(), gone);
});

test('those of the product are found, composed ones too, and those of tests are not', async () => {
  const text = `const a = ${SAFE};`;
  const planted = [PATH, 'client/src/a.tsx', 'shared/src/a.ts', 'gateway/src/a.test.ts', 'scripts/a.ts'];
  const { patterns } = await findPatterns([
    ...(await readSources()),
    ...planted.map((path) => ({ path, text, imports: [] })),
  ]);
  assert.equal(
    patterns.filter(({ at }) => /\/a\./.test(at)).map(({ at }) => at),
    planted.slice(0, 3).map((path) => `${path}:1`),
  );
  // Dates: "R6.3.14" is found by a literal, "14.III.2024" by one that is composed from the list of months.
  assert.ok(patterns.some(({ source }) => source.includes('[rhst]')));
  assert.ok(patterns.some(({ source, at }) => source.includes('xii|xi|') && at.startsWith('by ')));
});

test.run();
