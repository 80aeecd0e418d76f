/** Large bytes are parsed in a thread, by the parser that their reader names, and come back as the small ones do. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Problem } from '#shared/protocol/problem.ts';
import { readSources } from '../../../scripts/check/source-files.ts';
import { fill, hang, refuse, sayWhere } from '../testing/odd-parsers.ts';
import { createParseApart, parserIn } from './parse-apart.ts';
import { ThreadEnded } from './thread.ts';

const { signal } = new AbortController();
const parse = createParseApart();
const SMALL = 16 * 1024;
const PARSERS = new URL('../testing/odd-parsers.ts', import.meta.url).href;

const of = <T>(parser: (bytes: Uint8Array, ...rest: unknown[]) => T) => parserIn(PARSERS, parser);
const given = (length: number, from = 'one') => ({ bytes: new Uint8Array(length), from, signal });
const errorOf = (work: Promise<unknown>): Promise<unknown> => work.then(String, (error: unknown) => error);

const test = suite('parsing apart');

test('small bytes are parsed where they are; large ones, and those that unpack to more, in a thread', async () => {
  assert.equal(await parse(of(sayWhere), given(SMALL), 'x'), [true, SMALL, 'x']);
  assert.equal(await parse(of(sayWhere), given(SMALL + 1), 'x'), [false, SMALL + 1, 'x']);
  assert.equal(await parse(of(sayWhere), { ...given(10), unpacksTo: SMALL + 1 }), [false, 10]);
});

test('a refusal is the same on both sides', async () => {
  for (const length of [SMALL, SMALL + 1]) {
    const error = (await errorOf(parse(of(refuse), given(length)))) as Problem;
    assert.instance(error, Problem);
    assert.equal([error.code, error.detail], ['invalid-request', 'Invalid: json (nested too deeply).']);
  }
});

test('bytes that take too much memory end their thread alone', async () => {
  const filling = errorOf(parse(of(fill), given(SMALL + 1, 'hostile')));
  const others = Array.from({ length: 4 }, (_, at) => parse(of(sayWhere), given(SMALL + 1, `honest ${at}`)));
  assert.equal(await Promise.all(others), Array(4).fill([false, SMALL + 1]));
  assert.instance(await filling, ThreadEnded);
});

test('a sender who hangs up keeps no thread from others', async () => {
  const hungUp = new AbortController();
  const hostile = ['one', 'two', 'three'].map((from) =>
    errorOf(parse(of(hang), { ...given(SMALL + 1, from), signal: hungUp.signal })),
  );
  const honest = parse(of(sayWhere), given(SMALL + 1, 'honest'));
  hungUp.abort(new Error('hung up'));
  assert.equal(
    await Promise.all(hostile.map(async (one) => `${await one}`)),
    Array(3).fill('Error: hung up'),
  );
  assert.equal(await honest, [false, SMALL + 1]);
});

test('each parser is exported by the file and the name that a thread looks for', async () => {
  const sources = await readSources();
  const made = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/parserIn\(import\.meta\.url, (\w+)\)/g)].map(([, name]) => ({ path, text, name })),
  );
  const product = made.filter(({ path }) => !path.endsWith('.test.ts'));
  assert.ok(product.length > 5);
  for (const { path, text, name } of product)
    assert.match(text, new RegExp(`export (async )?(function|const) ${name}\\b`), `${path} ${name}`);
});

test.run();
