/** A line that a test switches off is missed where it has gone and where it stands twice, however it is set. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkMutations } from './mutations.ts';
import type { SourceFile } from './source-files.ts';

const MUTATION = {
  what: 'the key stays',
  file: 'gateway/src/a.ts',
  from: 'return destroy(key, at);',
  to: '',
};
const findingsFor = (text: string, path = MUTATION.file): readonly string[] =>
  checkMutations([{ path, text, imports: [] } satisfies SourceFile], [MUTATION]);

test('a line that stands once is found, also where the formatter breaks it', () => {
  assert.equal(findingsFor('if (key)\n  return destroy(key, at);\n'), []);
  assert.equal(findingsFor('return destroy(\n  key,\n  at,\n);\n'), []);
});

test('a line that has gone, stands twice, or whose file has moved is a finding', () => {
  const finding = (times: number) => [`gateway/src/a.ts: the lines of "the key stays" stand ${times} times`];
  assert.equal(findingsFor('return destroy(key);'), finding(0));
  assert.equal(findingsFor('return destroy(key, at);\nreturn destroy(key, at);'), finding(2));
  assert.equal(findingsFor('return destroy(key, at);', 'gateway/src/b.ts'), finding(0));
});

test.run();
